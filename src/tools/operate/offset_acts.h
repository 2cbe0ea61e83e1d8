#pragma once
// millrace offsets show, accept. One thread; accept blocks for as long as the settings' patience and inserts_land_within say.

#include <optional>
#include <string>
#include <vector>

#include "tools/operate/partition_state.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

struct ShownOffset {
  PartitionState state;
  std::optional<kafka::Watermarks> log;  // none: it couldn't be asked
};
struct OffsetsShown {
  std::vector<ShownOffset> partitions;
  bool all_go_on() const;  // no partition waits for an operator
};
Result<OffsetsShown> show_offsets(const Settings& settings);

enum class AllowDoubles { kNo, kYes };
struct AcceptedOffset {
  PartitionState before;
  Offset offset;                   // committed now, with our mark
  std::vector<std::string> notes;  // what could not be checked, what is there twice, what is left out
};
// Commits the partition's offset, or `at`, with our mark. Refused where the partition goes on or has a plan, where another release
// committed, where `at` is outside of the log, and (AllowDoubles::kNo) where ClickHouse has rows from there on that would be written
// again. A partition whose next records were removed from the log takes `at`. A partition without any offset takes `at`, and is one that stands still only if ClickHouse has rows of it.
// The error: nothing was changed (kUnknown: nobody knows), and why.
Result<AcceptedOffset> accept_offset(const Settings& settings, const TopicPartition& partition, std::optional<Offset> at,
                                     AllowDoubles doubles = AllowDoubles::kNo);

}  // namespace millrace::operate

#pragma once
// A plan: an epoch written down before any sink sees it, and how it travels in the metadata of committed offsets.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/rejection.h"
#include "base/result.h"

namespace millrace::pipeline {

// Which catalog version turned the records into rows (keys included).
using CatalogHash = StrongId<struct CatalogHashTag, Uuid>;

// The rows that this binary makes of the same records and catalog. Raised when a change makes them differ; a binary completes
// plans of its own number and of the one before.
inline constexpr uint16_t kRowSemantics = 1;

inline constexpr size_t kPlanPartitionsMax = 32;   // each of them carries the plan
inline constexpr size_t kMetadataBytesMax = 4096;  // offset.metadata.max.bytes that any broker allows

struct PlanRange {
  TopicPartition partition;
  TopicId topic_id;
  OffsetRange offsets;    // begin is the committed offset
  uint32_t records = 0;   // read in it: markers and aborted records leave holes, which are no gaps
  uint64_t checksum = 0;  // over offset, key and value of each record, see decode/range_checksum.h
  bool operator==(const PlanRange&) const = default;
};

// An offset that became a dead letter for a reason that could differ next time (I5): whoever completes the plan does the same.
struct GivenUp {
  uint16_t range = 0;  // index in Plan::ranges
  Offset offset;
  RejectionCode code{};
  bool operator==(const GivenUp&) const = default;
};

struct Plan {
  PlanId id;
  int64_t time_ms = 0;  // since 1970, UTC: the rows' _ingested_at, and the origin of the terms
  CatalogHash catalog;
  uint16_t row_semantics = kRowSemantics;
  std::vector<PlanRange> ranges;  // at most kPlanPartitionsMax, one a partition
  std::vector<GivenUp> given_up;  // in order of range and offset
  // Shards of ClickHouse when the plan was made: whoever completes it finds its rows' shard though shards were added since.
  uint16_t shards = 1;
  bool operator==(const Plan&) const = default;

  const PlanRange* find(const TopicPartition& partition) const;
};
using PlanPtr = std::shared_ptr<const Plan>;

// Where the plan's rows go, from 0; in SQL: toUInt64(_plan) % shards. A function of the plan alone.
inline size_t shard_of(const Plan& plan) { return plan.id.value.low % plan.shards; }

// What stands in the metadata string of a committed offset.
struct CommitMetadata {
  // Our mark: whoever else commits for the group doesn't write it, and a mirrored or reset group carries another offset.
  Offset offset;
  TopicId topic_id;
  uint8_t adoptions = 0;  // of this plan, begun and not known to have survived the rebuilding of its rows
  bool stopped = false;   // the plan can't be completed: until an operator says `millrace plan retry` or `abandon`
  PlanPtr plan;           // begun, and not yet finished; nullptr: none
};

// "mr1." and base64url of a compact binary form; the same plan has the same text on every partition but for the mark.
std::string encode(const CommitMetadata& metadata);
// An error: it is not ours, or of a newer release; the message says which.
Result<CommitMetadata> decode(std::string_view text);

// Counts, while an epoch grows, what its metadata may take at most. Close the epoch before what would not fit; never truncate.
class MetadataBudget {
 public:
  bool fits_partition(std::string_view topic) const;  // another partition, perhaps of another topic
  bool fits_given_up() const { return given_up_left() > 0; }
  size_t given_up_left() const;  // how many more would fit
  void add_partition(std::string_view topic);
  void add_given_up();

 private:
  size_t topic_bytes(std::string_view topic) const;
  std::vector<std::string> topics_;
  size_t partitions_ = 0;
  size_t bytes_ = 68;  // mark, id, time, catalog, numbers
};

}  // namespace millrace::pipeline

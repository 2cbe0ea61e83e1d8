#pragma once
// millrace plan show, retry, stop, abandon. One thread; the acts block for as long as the settings' patience and inserts_land_within say.

#include <cstdint>
#include <string>
#include <vector>

#include "tools/operate/partition_state.h"
#include "tools/operate/plan_rows.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

struct ShownPlan {
  pipeline::PlanPtr plan;
  std::vector<PlanTable> tables;
};
struct PlansShown {
  std::vector<PartitionState> partitions;
  std::vector<ShownPlan> plans;  // each once, oldest first
  bool all_go_on() const;        // no partition waits for an operator
};
Result<PlansShown> show_plans(const Settings& settings);

struct RetriedPlan {
  PlanId plan;
  std::vector<PartitionState> retried;  // as they stood before
  std::vector<PartitionState> pending;  // they carry the plan too, and didn't stand still: left alone
};
// The plan's stopped partitions carry it again with no adoption counted, and not stopped: the next owner to look tries it.
// An error: nothing was changed (kUnknown: nobody knows), and why.
Result<RetriedPlan> retry_plan(const Settings& settings, PlanId plan);

struct PlanStopped {
  PlanId plan;
  std::vector<PartitionState> partitions;  // as they stood before
};
// A pending plan that waits for what won't come back (a catalog that is gone, a release) is marked as stopped, so that it can be
// abandoned. Refused while the group has any member.
Result<PlanStopped> stop_plan(const Settings& settings, PlanId plan);

enum class LoseRecords { kNo, kYes };
struct AbandonedRange {
  TopicPartition partition;
  OffsetRange offsets;
  uint64_t planned = 0, dead_lettered = 0;
  uint64_t in_clickhouse = 0;  // records that have rows there: not dead-lettered
  uint64_t doubled = 0;        // of those, with more than one row
  uint64_t gone = 0;           // planned, and no longer in the log
  bool as_planned = true;      // the log still holds the very records that were planned
};
struct AbandonedPlan {
  PlanId plan;
  std::vector<AbandonedRange> ranges;
  std::vector<TopicPartition> past;  // of the plan, and past it already: left alone
};
// One transaction: the records of the plan's stopped partitions that aren't in ClickHouse go to the dead-letter topic, and the offsets
// move to the ends of the ranges. Refused while any partition that carries the plan doesn't stand still, while ClickHouse can't say
// which of the records it has, and (LoseRecords::kNo) when records are no longer in the log. `reason` goes into the dead letters.
Result<AbandonedPlan> abandon_plan(const Settings& settings, PlanId plan, const std::string& reason, LoseRecords lose = LoseRecords::kNo);

}  // namespace millrace::operate

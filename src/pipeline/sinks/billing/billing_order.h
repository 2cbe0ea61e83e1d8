#pragma once
// What the sink is given: all of a plan's ranges, and what tenants used by the events of each.

#include <cstdint>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/ids.h"

namespace millrace::pipeline {

struct BillingRange {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  OffsetRange offsets;
  int64_t records = 0;
};

// Summed up by the lane, which gives the same for the same plan whoever completes it (I4). Names have 1 to 1,000 bytes of UTF-8 without NUL; the window
// is of the event's own time, and begins in a year of four digits.
struct BillingUsage {
  uint32_t range = 0;  // index in BillingOrder::ranges
  std::string tenant, meter, unit;
  int64_t window_start_ms = 0, window_ms = 0;
  Decimal value;
};

struct BillingOrder {
  PlanId plan;
  std::string pipeline;
  int64_t time_ms = 0;               // the plan's
  std::vector<BillingRange> ranges;  // every range of every topic, billable or not: a range that isn't sent is a gap to the next
  std::vector<BillingUsage> usage;
};

}  // namespace millrace::pipeline

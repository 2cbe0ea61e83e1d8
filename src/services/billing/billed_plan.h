#pragma once
// A plan as billing takes it: every range of every topic, and what tenants used by the events of each.

#include <cstdint>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/ids.h"
#include "base/result.h"

namespace millrace::billing {

struct BilledRange {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  OffsetRange offsets;
  int64_t records = 0;
};
std::string to_string(const BilledRange& range);  // orders[1] [11, 20)

struct BilledUsage {
  uint32_t range = 0;  // index in BilledPlan::ranges
  std::string tenant, meter, unit;
  int64_t window_start_ms = 0, window_ms = 0;
  Decimal value;
};

struct BilledPlan {
  uint32_t generation = 0;
  std::string pipeline;
  PlanId id;
  int64_t time_ms = 0;
  std::vector<BilledRange> ranges;
  std::vector<BilledUsage> usage;
};

// Brings usage into one order, and one value for each (range, tenant, meter, unit, window). kPermanent: no plan at all: a partition twice, an
// index or window out of range, a name that is empty or has a NUL, a sum of more than 38 digits; the message says which.
Status normalise(BilledPlan& plan);
// Of a normalised plan: equal for equal plans.
std::string fingerprint(const BilledPlan& plan);

}  // namespace millrace::billing

#pragma once
// Plans for tests of the ledger.

#include <string>
#include <utility>
#include <vector>

#include "services/billing/billed_plan.h"

namespace millrace::billing {

inline constexpr int64_t kHour = 3'600'000, kDay = 24 * kHour;
inline constexpr int64_t kOctober = 1'790'812'800'000;   // 2026-10-01T00:00:00Z
inline constexpr int64_t kNovember = 1'793'491'200'000;  // 2026-11-01T00:00:00Z

inline BilledRange range_at(int32_t partition, int64_t begin, int64_t end, uint64_t topic = 7) {
  return {"orders", TopicId(Uuid{1, topic}), PartitionId(partition), {Offset(begin), Offset(end)}, end - begin};
}

// Of pipeline "shop", generation 1, on 3 November; one value a range for tenant acme's meter turnover, if there is one.
inline BilledPlan plan_of(uint64_t id, std::vector<BilledRange> ranges, const std::string& value = "", int64_t window_start_ms = kNovember) {
  BilledPlan plan{1, "shop", PlanId(Uuid{2, id}), kNovember + 2 * kDay, std::move(ranges), {}};
  for (uint32_t i = 0; !value.empty() && i < plan.ranges.size(); ++i)
    plan.usage.push_back({i, "acme", "turnover", "EUR", window_start_ms, kDay, *parse_decimal(value)});
  return plan;
}

}  // namespace millrace::billing

#include "services/billing/billed_plan.h"

#include <xxhash.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "services/billing/month.h"

namespace millrace::billing {
namespace {

constexpr size_t kNameBytesMax = 1'000;  // an index of PostgreSQL takes 2,700 bytes in all

bool is_name(const std::string& name) { return !name.empty() && name.size() <= kNameBytesMax && !name.contains('\0'); }

auto place_of(const BilledUsage& usage) { return std::tie(usage.range, usage.tenant, usage.meter, usage.unit, usage.window_start_ms, usage.window_ms); }

}  // namespace

std::string to_string(const BilledRange& range) {
  return range.topic + "[" + std::to_string(range.partition.value) + "] [" + std::to_string(range.offsets.begin.value) + ", " +
         std::to_string(range.offsets.end.value) + ")";
}

Status normalise(BilledPlan& plan) {
  if (!is_name(plan.pipeline)) return permanent("pipeline: a name of 1 to 1,000 bytes is needed");
  if (plan.id.value == Uuid{}) return permanent("plan_id: an id of zeros is none");
  if (plan.ranges.empty()) return permanent("ranges: a plan has one at least");
  if (plan.time_ms < kEarliestMs || plan.time_ms > kLatestMs) return permanent("plan_time_ms: it has no year of four digits");
  std::set<std::pair<TopicId, PartitionId>> partitions;
  for (size_t i = 0; i < plan.ranges.size(); ++i) {
    const BilledRange& range = plan.ranges[i];
    const std::string where = "ranges[" + std::to_string(i) + "]: ";
    if (!is_name(range.topic)) return permanent(where + "a topic's name of 1 to 1,000 bytes is needed");
    if (range.offsets.begin.value < 0 || range.offsets.end < range.offsets.begin || range.records < 0 || range.partition.value < 0)
      return permanent(where + "[begin, end) must be in order, and no number negative");
    if (!partitions.emplace(range.topic_id, range.partition).second) return permanent(where + "the partition is there twice");
  }
  for (size_t i = 0; i < plan.usage.size(); ++i) {
    const BilledUsage& usage = plan.usage[i];
    const std::string where = "usage[" + std::to_string(i) + "]: ";
    if (usage.range >= plan.ranges.size()) return permanent(where + "there is no range " + std::to_string(usage.range));
    if (!is_name(usage.tenant) || !is_name(usage.meter) || !is_name(usage.unit))
      return permanent(where + "tenant, meter and unit have 1 to 1,000 bytes and no NUL");
    if (usage.tenant.size() + usage.meter.size() + usage.unit.size() > 2 * kNameBytesMax)
      return permanent(where + "tenant, meter and unit have more than 2,000 bytes");
    if (usage.window_start_ms < kEarliestMs || usage.window_start_ms > kLatestMs || usage.window_ms <= 0)
      return permanent(where + "the window has no length, or no year of four digits");
  }
  std::ranges::sort(plan.usage, {}, place_of);
  std::vector<BilledUsage> merged;
  for (auto& usage : plan.usage) {
    if (merged.empty() || place_of(merged.back()) != place_of(usage)) {
      merged.push_back(std::move(usage));
      continue;
    }
    const auto sum = add(merged.back().value, usage.value);
    if (!sum) return permanent("usage of " + usage.tenant + ", " + usage.meter + ": the sum has more than 38 digits");
    merged.back().value = *sum;
  }
  plan.usage = std::move(merged);
  return {};
}

std::string fingerprint(const BilledPlan& plan) {
  std::string text = plan.pipeline + '\0' + std::to_string(plan.time_ms);
  const auto put = [&](const auto&... pieces) { ((text += pieces, text += '\0'), ...); };
  for (const auto& range : plan.ranges)
    put(to_string(range.topic_id.value), std::to_string(range.partition.value), std::to_string(range.offsets.begin.value),
        std::to_string(range.offsets.end.value), std::to_string(range.records));
  for (const auto& usage : plan.usage)
    put(std::to_string(usage.range), usage.tenant, usage.meter, usage.unit, std::to_string(usage.window_start_ms), std::to_string(usage.window_ms),
        to_string(usage.value));
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return to_string(Uuid{hash.high64, hash.low64});
}

}  // namespace millrace::billing

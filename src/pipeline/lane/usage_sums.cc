#include "pipeline/lane/usage_sums.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "base/short_text.h"

namespace millrace::pipeline {

UsageWindow usage_window_of(int64_t time_ms, rules::Window window) {
  using namespace std::chrono;
  constexpr int64_t kHour = 3'600'000, kDay = 24 * kHour;
  const auto floor_to = [time_ms](int64_t size) {
    const int64_t rest = time_ms % size;
    return UsageWindow{time_ms - (rest < 0 ? rest + size : rest), size};
  };
  switch (window) {
    case rules::Window::kHour: return floor_to(kHour);
    case rules::Window::kDay: return floor_to(kDay);
    case rules::Window::kMonth: break;
  }
  const year_month_day day{floor<days>(sys_time<milliseconds>(milliseconds(time_ms)))};
  const auto first = [](year_month month) { return sys_days(month / 1).time_since_epoch() / milliseconds(1); };
  const year_month month = day.year() / day.month();
  return {first(month), first(month + months(1)) - first(month)};
}

size_t UsageSums::KeyHash::operator()(const Key& key) const {
  const size_t names = hash_text(key.tenant) * 31 + hash_text(key.meter);
  return names * 31 + static_cast<size_t>(key.start_ms);
}

UsageWindow UsageSums::window_of(int64_t time_ms, rules::Window window) {
  UsageWindow& last = windows_[static_cast<size_t>(window)];
  if (time_ms < last.start_ms || time_ms - last.start_ms >= last.size_ms) last = usage_window_of(time_ms, window);
  return last;
}

UsageSums::Sum& UsageSums::sum_of(std::string_view tenant, const CompiledRule& meter, const UsageWindow& window, uint8_t scale) {
  const auto at = sums_.find(Key{tenant, meter.name, meter.unit, window.start_ms, window.size_ms});
  if (at != sums_.end()) return at->second;
  Sum sum{std::make_unique<std::string>(tenant), std::make_unique<std::string>(meter.name), std::make_unique<std::string>(meter.unit), {0, scale}};
  const Key key{*sum.tenant, *sum.meter, *sum.unit, window.start_ms, window.size_ms};
  return sums_.emplace(key, std::move(sum)).first->second;
}

bool UsageSums::add(std::string_view tenant, const CompiledRule& meter, int64_t time_ms, const Decimal& value) {
  constexpr size_t kRecent = 256;
  if (recent_.empty()) recent_.resize(kRecent);
  const UsageWindow window = window_of(time_ms, meter.window);
  const size_t mixed =
      reinterpret_cast<uintptr_t>(&meter) / sizeof(CompiledRule) + reinterpret_cast<uintptr_t>(tenant.data()) / 8 + static_cast<size_t>(window.start_ms / 1000);
  Recent& recent = recent_[mixed % kRecent];
  if (recent.meter != &meter || recent.start_ms != window.start_ms || !same_text(*recent.sum->tenant, tenant))
    recent = {&meter, window.start_ms, &sum_of(tenant, meter, window, value.scale)};
  Decimal& sum = recent.sum->value;
  const auto more = millrace::add(sum, value);
  if (more) sum = *more;
  return more.has_value();
}

std::vector<Usage> UsageSums::sorted() const {
  std::vector<Usage> all;
  all.reserve(sums_.size());
  for (const auto& [key, sum] : sums_)
    all.push_back({std::string(key.tenant), std::string(key.meter), std::string(key.unit), {key.start_ms, key.size_ms}, sum.value});
  std::ranges::sort(all, {}, [](const Usage& use) { return std::tie(use.tenant, use.meter, use.unit, use.window.start_ms, use.window.size_ms); });
  return all;
}

}  // namespace millrace::pipeline

#include <cctz/time_zone.h>

#include "rules/kernels/instants.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"
#include "rules/kernels/time_zone.h"

namespace millrace::rules {
namespace {

using Part = int64_t (*)(const Civil&);
int64_t year(const Civil& c) { return c.year; }
int64_t month(const Civil& c) { return c.month - 1; }
int64_t day_of_year(const Civil& c) { return c.day_of_year; }
int64_t day_of_month(const Civil& c) { return c.day - 1; }
int64_t date(const Civil& c) { return c.day; }
int64_t day_of_week(const Civil& c) { return c.day_of_week; }
int64_t hours(const Civil& c) { return c.hour; }
int64_t minutes(const Civil& c) { return c.minute; }
int64_t seconds(const Civil& c) { return c.second; }

int64_t milliseconds_of(Int128 instant) { return static_cast<int64_t>((instant - static_cast<Int128>(second_of(instant)) * kNanosecondsOfSecond) / 1'000'000); }

template <Part kPart>
void in_utc(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, Int128>(frame, instruction, Form::kInt, [](Int128 a) { return kPart(civil_of(second_of(a))); });
}
template <Part kPart>
void in_zone(Frame& frame, const Instruction& instruction) {
  const auto& zone = *static_cast<const cctz::time_zone*>(instruction.constant);
  map_values<int64_t, Int128>(frame, instruction, Form::kInt, [&](Int128 a) {
    const int64_t second = second_of(a);
    const auto at = zone.lookup(cctz::time_point<cctz::seconds>(cctz::seconds(second)));
    return kPart(civil_of(second + at.offset));
  });
}
void milliseconds(Frame& frame, const Instruction& instruction) { map_values<int64_t, Int128>(frame, instruction, Form::kInt, milliseconds_of); }

// How many units a duration has; milliseconds are those behind the whole second (cel-spec's conformance tests: "get_milliseconds").
template <int64_t kUnit, int64_t kModulo>
void part_of_duration(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, int64_t>(frame, instruction, Form::kInt, [](int64_t a) { return kModulo == 0 ? a / kUnit : a / kUnit % kModulo; });
}

constexpr NamedKernel kKernels[] = {
    {"timestamp_to_fullyear", in_utc<year>},
    {"timestamp_to_month", in_utc<month>},
    {"timestamp_to_dayofyear", in_utc<day_of_year>},
    {"timestamp_to_dayofmonth", in_utc<day_of_month>},
    {"timestamp_to_date", in_utc<date>},
    {"timestamp_to_dayofweek", in_utc<day_of_week>},
    {"timestamp_to_hours", in_utc<hours>},
    {"timestamp_to_minutes", in_utc<minutes>},
    {"timestamp_to_seconds", in_utc<seconds>},
    {"timestamp_to_milliseconds", milliseconds},
    {"duration_to_hours", part_of_duration<3600 * kNanosecondsOfSecond, 0>},
    {"duration_to_minutes", part_of_duration<60 * kNanosecondsOfSecond, 0>},
    {"duration_to_seconds", part_of_duration<kNanosecondsOfSecond, 0>},
    {"duration_to_milliseconds", part_of_duration<1'000'000, 1000>},
};
constexpr NamedKernel kZoned[] = {
    {"timestamp_to_fullyear_with_tz", in_zone<year>},
    {"timestamp_to_month_with_tz", in_zone<month>},
    {"timestamp_to_dayofyear_with_tz", in_zone<day_of_year>},
    {"timestamp_to_dayofmonth_with_tz", in_zone<day_of_month>},
    {"timestamp_to_date_with_tz", in_zone<date>},
    {"timestamp_to_dayofweek_with_tz", in_zone<day_of_week>},
    {"timestamp_to_hours_with_tz", in_zone<hours>},
    {"timestamp_to_minutes_with_tz", in_zone<minutes>},
    {"timestamp_to_seconds_with_tz", in_zone<seconds>},
    {"timestamp_to_milliseconds_with_tz", milliseconds},
};

}  // namespace

std::span<const NamedKernel> time_kernels() { return kKernels; }

Kernel zoned_kernel(std::string_view overload) {
  for (const NamedKernel& kernel : kZoned) {
    if (kernel.overload == overload) return kernel.kernel;
  }
  return nullptr;
}

std::shared_ptr<const void> find_time_zone(std::string_view name) {
  auto zone = std::make_shared<cctz::time_zone>();
  const std::string_view digits = name.substr(name.starts_with('+') || name.starts_with('-') ? 1 : 0);
  const auto digit = [&](size_t at) { return digits[at] >= '0' && digits[at] <= '9' ? digits[at] - '0' : -1000; };
  if (digits.size() == 5 && digits[2] == ':') {  // cel-spec: "+01:00", "-08:30", "02:00"
    const int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return nullptr;
    const int offset = hour * 3600 + minute * 60;
    *zone = cctz::fixed_time_zone(cctz::seconds(name.starts_with('-') ? -offset : offset));
    return zone;
  }
  if (name.empty() || name.starts_with('/') || name.starts_with(':') || name.find("..") != name.npos || name == "localtime") return nullptr;
  if (!cctz::load_time_zone(std::string(name), zone.get())) return nullptr;
  return zone;
}

}  // namespace millrace::rules

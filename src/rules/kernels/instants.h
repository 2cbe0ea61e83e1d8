#pragma once
// Points in time as nanoseconds since 1970 in UTC, the years 1 to 9999 of the proleptic Gregorian calendar; and their texts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/kernels/wide_integer.h"

namespace millrace::rules {

inline constexpr int64_t kNanosecondsOfSecond = 1'000'000'000;
inline constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

inline bool is_instant(Int128 nanoseconds) {
  return nanoseconds >= static_cast<Int128>(kFirstSecond) * kNanosecondsOfSecond && nanoseconds < static_cast<Int128>(kLastSecond + 1) * kNanosecondsOfSecond;
}
// The second that it lies in, before 1970 too.
inline int64_t second_of(Int128 nanoseconds) {
  const Int128 second = nanoseconds / kNanosecondsOfSecond;
  return static_cast<int64_t>(nanoseconds < second * kNanosecondsOfSecond ? second - 1 : second);
}

struct Civil {
  int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;  // month and day from 1
  int day_of_year = 0, day_of_week = 4;                      // from 0; 0 is Sunday
};
Civil civil_of(int64_t second);                     // second since 1970, already shifted by the zone's offset
int64_t days_of(int64_t year, int month, int day);  // since 1970-01-01

std::optional<Int128> parse_instant(std::string_view text);  // RFC 3339, as is_timestamp() takes it
// RFC 3339 in UTC with as many digits of the second as it has; at most 30 bytes. Gives the end.
char* spell_instant(Int128 nanoseconds, char* out);
char* spell_duration(int64_t nanoseconds, char* out);  // "90s", "-1.5s" (protobuf's JSON form, as cel-spec's string(duration)); at most 24 bytes

}  // namespace millrace::rules

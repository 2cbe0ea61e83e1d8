#pragma once
// Months of statements, in UTC.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::billing {

// Times that have a month with a year of four digits.
inline constexpr int64_t kEarliestMs = -62'135'596'800'000, kLatestMs = 253'402'300'799'999;

struct Month {
  int32_t index = 0;  // year * 12 + month - 1
  auto operator<=>(const Month&) const = default;
  Month next() const { return {index + 1}; }
  int64_t begin_ms() const;
  int64_t end_ms() const { return next().begin_ms(); }
};

Month month_of(int64_t time_ms);     // from kEarliestMs to kLatestMs
std::string to_string(Month month);  // "2026-10", which sorts like the month
std::optional<Month> parse_month(std::string_view text);

}  // namespace millrace::billing

#pragma once
// Exact decimals: what meters measure and billing sums up. Never a double.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

inline constexpr int kDecimalDigits = 38;  // that 128 bits always hold

// unscaled / 10^scale. Digits behind the point are kept: 1.50 has a scale of 2.
struct Decimal {
  __extension__ typedef __int128 Unscaled;
  Unscaled unscaled = 0;
  uint8_t scale = 0;  // at most kDecimalDigits

  bool operator==(const Decimal&) const = default;  // 1.5 and 1.50 differ
};

// "-12.50"; no exponent.
std::string to_string(const Decimal& value);
// An optional '-', digits, perhaps a point and more digits; at most kDecimalDigits of them. Nothing: it is no such number.
std::optional<Decimal> parse_decimal(std::string_view text);
// With the longer scale of both. Nothing: it has more than kDecimalDigits digits.
std::optional<Decimal> add(const Decimal& a, const Decimal& b);

}  // namespace millrace

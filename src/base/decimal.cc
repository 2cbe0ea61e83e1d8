#include "base/decimal.h"

#include <algorithm>
#include <array>

namespace millrace {
namespace {

using Unscaled = Decimal::Unscaled;

constexpr std::array<Unscaled, kDecimalDigits + 1> powers_of_ten() {
  std::array<Unscaled, kDecimalDigits + 1> table{};
  Unscaled power = 1;
  for (auto& entry : table) {
    entry = power;
    if (&entry != &table.back()) power *= 10;
  }
  return table;
}
constexpr auto kTens = powers_of_ten();

bool in_range(Unscaled value) { return value < kTens[kDecimalDigits] && value > -kTens[kDecimalDigits]; }

// Nothing: too many digits.
std::optional<Unscaled> rescaled(const Decimal& value, uint8_t scale) {
  if (value.scale == scale) [[likely]]  // it is a multiplication of 128 bits
    return in_range(value.unscaled) ? std::optional(value.unscaled) : std::nullopt;
  Unscaled result = 0;
  if (__builtin_mul_overflow(value.unscaled, kTens[static_cast<size_t>(scale - value.scale)], &result) || !in_range(result)) return std::nullopt;
  return result;
}

}  // namespace

std::string to_string(const Decimal& value) {
  std::string digits;
  Unscaled rest = value.unscaled < 0 ? -value.unscaled : value.unscaled;
  for (int i = 0; rest != 0 || i <= value.scale; ++i) {
    if (i == value.scale && i > 0) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (value.unscaled < 0) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.front() == '.' || text.back() == '.') return std::nullopt;
  Decimal value;
  int digits = 0;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (digits > 0 || c != '0' || behind_point) ++digits;
    if (digits > kDecimalDigits) return std::nullopt;
    value.unscaled = value.unscaled * 10 + (c - '0');
    if (behind_point) ++value.scale;
  }
  if (negative) value.unscaled = -value.unscaled;
  return value;
}

std::optional<Decimal> add(const Decimal& a, const Decimal& b) {
  const uint8_t scale = std::max(a.scale, b.scale);
  const auto left = rescaled(a, scale), right = rescaled(b, scale);
  if (!left || !right) return std::nullopt;
  const Unscaled sum = *left + *right;  // two values below 10^38 don't overflow 128 bits
  if (!in_range(sum)) return std::nullopt;
  return Decimal{sum, scale};
}

}  // namespace millrace

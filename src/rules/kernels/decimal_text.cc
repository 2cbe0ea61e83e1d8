#include "rules/kernels/decimal_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace millrace::rules {
namespace {

// The digits of a number and where its point is: 0.<digits> * 10^point.
struct Digits {
  std::string_view whole, part;
  int64_t exponent = 0;
  bool negative = false;
  size_t size() const { return whole.size() + part.size(); }
  int operator[](size_t i) const { return (i < whole.size() ? whole[i] : part[i - whole.size()]) - '0'; }
};

bool are_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

std::optional<Digits> read(std::string_view text) {
  Digits digits;
  digits.negative = text.starts_with('-');
  if (digits.negative) text.remove_prefix(1);
  if (const size_t e = text.find_first_of("eE"); e != text.npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), digits.exponent);
    if (error != std::errc() || end != exponent.data() + exponent.size() || std::abs(digits.exponent) > 100'000) return std::nullopt;
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  digits.whole = text.substr(0, point);
  if (point < text.size()) digits.part = text.substr(point + 1);
  if (digits.size() == 0 || !are_digits(digits.whole) || !are_digits(digits.part)) return std::nullopt;
  return digits;
}

}  // namespace

std::expected<Int128, FailureCode> parse_decimal(std::string_view text, uint32_t scale) {
  const auto digits = read(text);
  if (!digits) return std::unexpected(FailureCode::kNotANumber);
  // So many of the digits stay; the next one and what is behind it decide about rounding.
  const int64_t kept = static_cast<int64_t>(digits->whole.size()) + digits->exponent + scale;
  Uint128 value = 0;
  const auto size = static_cast<int64_t>(digits->size());
  for (int64_t i = 0; i < kept; ++i) {
    const int digit = i < size ? (*digits)[static_cast<size_t>(i)] : 0;
    if (i >= size && value == 0) break;
    value = value * 10 + static_cast<unsigned>(digit);
    if (value >= kPowersOfTen[38]) return std::unexpected(FailureCode::kDecimalOverflow);
  }
  if (kept >= 0 && kept < size) {
    const int next = (*digits)[static_cast<size_t>(kept)];
    bool behind = false;
    for (auto i = static_cast<size_t>(kept) + 1; i < digits->size(); ++i) behind |= (*digits)[i] != 0;
    if (next > 5 || (next == 5 && (behind || value % 2 == 1))) ++value;
    if (value >= kPowersOfTen[38]) return std::unexpected(FailureCode::kDecimalOverflow);
  }
  return digits->negative ? -static_cast<Int128>(value) : static_cast<Int128>(value);
}

std::expected<Int128, FailureCode> decimal_of(double value, uint32_t scale) {
  if (!std::isfinite(value)) return std::unexpected(FailureCode::kNotANumber);
  if (std::fabs(value) >= 1e39) return std::unexpected(FailureCode::kDecimalOverflow);
  char text[100];                                                                             // 39 whole digits, 38 behind the point
  const int size = std::snprintf(text, sizeof text, "%.*f", static_cast<int>(scale), value);  // of the exact value, half to even
  return parse_decimal({text, static_cast<size_t>(size)}, scale);
}

}  // namespace millrace::rules

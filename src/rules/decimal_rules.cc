#include "rules/decimal_rules.h"

#include <algorithm>
#include <charconv>

namespace millrace::rules {

std::optional<Type> decimal_of_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != text.npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc() || end != digits.data() + digits.size() || std::abs(exponent) > 100) return std::nullopt;
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) digits += text.substr(point + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  const int64_t behind = point < text.size() ? static_cast<int64_t>(text.size() - point) - 1 : 0;
  const int64_t scale = std::max<int64_t>(0, behind - exponent);
  const int64_t zeros = std::max<int64_t>(0, exponent - behind);
  const size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  const int64_t precision = std::max<int64_t>({1, scale, static_cast<int64_t>(digits.size() - leading) + zeros});
  if (precision > kDecimalDigitsMax) return std::nullopt;
  return decimal(static_cast<uint32_t>(precision), static_cast<uint32_t>(scale));
}

Type as_decimal(const Type& type) {
  if (type.is(TypeKind::kInt)) return decimal(19, 0);
  if (type.is(TypeKind::kUint)) return decimal(20, 0);
  return type;
}

std::expected<Type, std::string> decimal_arithmetic(std::string_view name, const Type& a, const Type& b) {
  if (a.precision > kDecimalDigitsMax || b.precision > kDecimalDigitsMax) {
    return std::unexpected("a decimal of more than 38 digits can be compared and passed on, not computed with: decimal(x, scale) first");
  }
  const bool product = name == "*";
  const int scale = product ? a.scale + b.scale : std::max(a.scale, b.scale);
  const int precision = product ? a.precision + b.precision : std::max(a.precision - a.scale, b.precision - b.scale) + 1 + scale;
  if (scale > kDecimalDigitsMax)
    return std::unexpected("the exact product has " + std::to_string(scale) +
                           " digits behind the point, more than 38: round an operand with decimal(x, scale)");
  return decimal(static_cast<uint32_t>(std::min<int>(precision, kDecimalDigitsMax)), static_cast<uint32_t>(scale));
}

Type rescaled(const Type& a, uint32_t scale) {
  const uint32_t whole = static_cast<uint32_t>(a.precision - a.scale) + (scale < a.scale ? 1 : 0);
  return decimal(std::max<uint32_t>(1, std::min<uint32_t>(whole + scale, kDecimalDigitsMax)), scale);
}

}  // namespace millrace::rules

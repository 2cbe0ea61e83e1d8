#pragma once
// Decimals are exact: what a sum or product needs is worked out from its operands, and what can't be exact must say its digits.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rules/type.h"

namespace millrace::rules {

// The decimal that the digits need: "1.50" is decimal(3, 2), "1e3" decimal(4, 0); nothing if it is no number or needs more than 38 digits.
std::optional<Type> decimal_of_digits(std::string_view text);

// What an int or uint is among decimals: decimal(19, 0), decimal(20, 0); others stay.
Type as_decimal(const Type& type);

// `name` is + - or *. The whole digits are cut to what 38 leave: a result that needs more fails its row. The error says that the scale
// alone needs more.
std::expected<Type, std::string> decimal_arithmetic(std::string_view name, const Type& a, const Type& b);

// decimal(x, scale), x being a decimal.
Type rescaled(const Type& a, uint32_t scale);

}  // namespace millrace::rules

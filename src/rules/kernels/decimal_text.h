#pragma once
// Decimals from texts and doubles.

#include <expected>
#include <string_view>

#include "rules/kernels/vector.h"

namespace millrace::rules {

// "-12.345", "1e3": rounded half to even to so many digits behind the point. kNotANumber, or kDecimalOverflow if more than 38 are needed.
std::expected<Int128, FailureCode> parse_decimal(std::string_view text, uint32_t scale);
// The double's exact value, rounded likewise.
std::expected<Int128, FailureCode> decimal_of(double value, uint32_t scale);

}  // namespace millrace::rules

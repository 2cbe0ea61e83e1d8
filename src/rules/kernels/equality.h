#pragma once
// Whether two values are the same in CEL's sense, whatever they are made of: null equals null and nothing else, decimals are compared exactly.

#include "rules/kernels/vector.h"

namespace millrace::rules {

bool equal_values(const Vector& a, size_t i, const Vector& b, size_t j);
// The first entry of `keys` in `range` that equals b's entry j; range.end if none does.
uint64_t find_value(const Vector& keys, Range range, const Vector& b, size_t j);

}  // namespace millrace::rules

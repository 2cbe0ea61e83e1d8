#pragma once
// Whether two values are the same in CEL's sense, whatever they are made of: null equals null and nothing else, decimals are compared exactly.

#include <cstring>

#include "rules/kernels/vector.h"

namespace millrace::rules {

// As ==, without a call where texts are short.
inline bool same_text(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const char *p = a.data(), *q = b.data();
  const auto differ = [&]<class Word>(size_t at, Word) {
    Word x = 0, y = 0;
    std::memcpy(&x, p + at, sizeof x), std::memcpy(&y, q + at, sizeof y);
    return static_cast<uint64_t>(x ^ y);
  };
  if (size > 16) return std::memcmp(p, q, size) == 0;
  if (size >= 8) return (differ(0, uint64_t{}) | differ(size - 8, uint64_t{})) == 0;
  if (size >= 4) return (differ(0, uint32_t{}) | differ(size - 4, uint32_t{})) == 0;
  if (size == 0) return true;
  return p[0] == q[0] && p[size / 2] == q[size / 2] && p[size - 1] == q[size - 1];
}

bool equal_values(const Vector& a, size_t i, const Vector& b, size_t j);
// The first entry of `keys` in `range` that equals b's entry j; range.end if none does.
uint64_t find_value(const Vector& keys, Range range, const Vector& b, size_t j);

}  // namespace millrace::rules

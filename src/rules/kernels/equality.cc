#include "rules/kernels/equality.h"

namespace millrace::rules {
namespace {

Int256 widened(const Vector& vector, size_t entry) { return vector.form == Form::kWideDecimal ? vector.at<Int256>(entry) : Int256(vector.at<Int128>(entry)); }

bool equal_decimals(const Vector& a, size_t i, const Vector& b, size_t j) {
  if (a.form == Form::kDecimal && b.form == Form::kDecimal && a.scale == b.scale) return a.at<Int128>(i) == b.at<Int128>(j);
  return compare_decimals(widened(a, i), a.scale, widened(b, j), b.scale) == 0;
}

bool equal_ranges(const Vector& a, size_t i, const Vector& b, size_t j) {
  const Range x = a.at<Range>(i), y = b.at<Range>(j);
  if (x.size() != y.size()) return false;
  if (x.size() == 0) return true;
  if (a.form == Form::kList) {
    for (uint64_t k = 0; k < x.size(); ++k) {
      if (!equal_values(*a.children[0], x.begin + k, *b.children[0], y.begin + k)) return false;
    }
    return true;
  }
  for (uint64_t k = x.begin; k < x.end; ++k) {
    const uint64_t other = find_value(*b.children[0], y, *a.children[0], k);
    if (other == y.end || !equal_values(*a.children[1], k, *b.children[1], other)) return false;
  }
  return true;
}

template <class T>
uint64_t find_plain(const Vector& keys, Range range, const Vector& b, size_t j) {
  const T wanted = b.at<T>(j);
  uint64_t at = range.begin;
  while (at < range.end && !(keys.at<T>(at) == wanted)) ++at;
  return at;
}

}  // namespace

bool equal_values(const Vector& a, size_t i, const Vector& b, size_t j) {
  const bool a_null = a.is_null(i) || a.form == Form::kNothing, b_null = b.is_null(j) || b.form == Form::kNothing;
  if (a_null || b_null) return a_null && b_null;
  switch (a.form) {
    case Form::kNothing: return true;
    case Form::kBool: return a.at<uint8_t>(i) == b.at<uint8_t>(j);
    case Form::kInt:
    case Form::kDuration: return a.at<int64_t>(i) == b.at<int64_t>(j);
    case Form::kUint: return a.at<uint64_t>(i) == b.at<uint64_t>(j);
    case Form::kDouble: return a.at<double>(i) == b.at<double>(j);
    case Form::kText: return a.at<std::string_view>(i) == b.at<std::string_view>(j);
    case Form::kTimestamp: return a.at<Int128>(i) == b.at<Int128>(j);
    case Form::kDecimal:
    case Form::kWideDecimal: return equal_decimals(a, i, b, j);
    case Form::kList:
    case Form::kMap: return equal_ranges(a, i, b, j);
  }
  return false;
}

uint64_t find_value(const Vector& keys, Range range, const Vector& b, size_t j) {
  if (keys.nulls == nullptr && !b.is_null(j)) {
    if (b.form == Form::kText && keys.form == Form::kText) return find_plain<std::string_view>(keys, range, b, j);
    if (b.form == Form::kInt && keys.form == Form::kInt) return find_plain<int64_t>(keys, range, b, j);
  }
  uint64_t at = range.begin;
  while (at < range.end && !equal_values(keys, at, b, j)) ++at;
  return at;
}

}  // namespace millrace::rules

#include <cmath>

#include "base/result.h"
#include "rules/kernels/equality.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, std::string_view>)
    return same_text(a, b);
  else
    return a == b;
}

template <bool kEqual, class T>
void equality(Frame& frame, const Instruction& instruction) {
  const Vector &a = frame.operand(instruction, 0), &b = frame.operand(instruction, 1);
  map_values<uint8_t, T, T>(frame, instruction, Form::kBool, [](const T& x, const T& y) { return same(x, y) == kEqual; }, Output::Nulls::kSeen);
  if (a.nulls == nullptr && b.nulls == nullptr) return;
  const Vector& result = frame.out(instruction).vector();
  auto* values = const_cast<uint8_t*>(result.data<uint8_t>());
  for (size_t i = 0; i < result.size; ++i) {
    if (a.is_null(i) || b.is_null(i)) values[i] = (a.is_null(i) && b.is_null(i)) == kEqual;
  }
}
template <bool kEqual>
void equality_of_any(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kSeen);
  const Vector &a = frame.operand(instruction, 0), &b = frame.operand(instruction, 1);
  each_entry<uint8_t>(out, [&](size_t i) { return equal_values(a, i, b, i) == kEqual; });
}
template <bool kEqual>
Kernel equality_of(Form form) {
  switch (form) {
    case Form::kBool: return equality<kEqual, uint8_t>;
    case Form::kInt:
    case Form::kDuration: return equality<kEqual, int64_t>;
    case Form::kUint: return equality<kEqual, uint64_t>;
    case Form::kDouble: return equality<kEqual, double>;
    case Form::kText: return equality<kEqual, std::string_view>;
    case Form::kTimestamp:
    case Form::kDecimal: return equality<kEqual, Int128>;
    default: return equality_of_any<kEqual>;
  }
}

// Numbers of different types are ordered as the numbers that they are (cel-spec, "Numeric Comparisons"), not as doubles.
constexpr double kTwoTo63 = 9223372036854775808.0, kTwoTo64 = 18446744073709551616.0;
std::partial_ordering order(int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwoTo63) return std::partial_ordering::less;
  if (b < -kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto by_whole = a <=> static_cast<int64_t>(whole); by_whole != 0) return by_whole;
  return whole <=> b;
}
std::partial_ordering order(uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwoTo64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto by_whole = a <=> static_cast<uint64_t>(whole); by_whole != 0) return by_whole;
  return whole <=> b;
}

struct Less {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a < b;
  }
  bool operator()(int64_t a, uint64_t b) const { return std::cmp_less(a, b); }
  bool operator()(uint64_t a, int64_t b) const { return std::cmp_less(a, b); }
  bool operator()(int64_t a, double b) const { return order(a, b) < 0; }
  bool operator()(uint64_t a, double b) const { return order(a, b) < 0; }
  bool operator()(double a, int64_t b) const { return order(b, a) > 0; }
  bool operator()(double a, uint64_t b) const { return order(b, a) > 0; }
};
struct LessEqual {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a <= b;
  }
  bool operator()(int64_t a, uint64_t b) const { return std::cmp_less_equal(a, b); }
  bool operator()(uint64_t a, int64_t b) const { return std::cmp_less_equal(a, b); }
  bool operator()(int64_t a, double b) const { return order(a, b) <= 0; }
  bool operator()(uint64_t a, double b) const { return order(a, b) <= 0; }
  bool operator()(double a, int64_t b) const { return order(b, a) >= 0; }
  bool operator()(double a, uint64_t b) const { return order(b, a) >= 0; }
};

template <class Compare, class A, class B>
void ordering(Frame& frame, const Instruction& instruction) {
  map_values<uint8_t, A, B>(frame, instruction, Form::kBool, Compare());
}
Int256 widened(const Vector& vector, size_t entry) { return vector.form == Form::kWideDecimal ? vector.at<Int256>(entry) : Int256(vector.at<Int128>(entry)); }
template <class Compare>
void ordering_of_decimals(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool);
  const Vector &a = frame.operand(instruction, 0), &b = frame.operand(instruction, 1);
  each_entry<uint8_t>(out, [&](size_t i) {
    const auto found = compare_decimals(widened(a, i), a.scale, widened(b, i), b.scale);
    return Compare()(found < 0 ? -1 : found > 0 ? 1 : 0, 0);
  });
}

template <class Compare, class A>
Kernel ordering_to(Form right) {
  switch (right) {
    case Form::kInt: return ordering<Compare, A, int64_t>;
    case Form::kUint: return ordering<Compare, A, uint64_t>;
    default: return ordering<Compare, A, double>;
  }
}
template <class Compare>
Kernel ordering_of(Form left, Form right) {
  switch (left) {
    case Form::kBool: return ordering<Compare, uint8_t, uint8_t>;
    case Form::kInt: return ordering_to<Compare, int64_t>(right);
    case Form::kUint: return ordering_to<Compare, uint64_t>(right);
    case Form::kDouble: return ordering_to<Compare, double>(right);
    case Form::kDuration: return ordering<Compare, int64_t, int64_t>;
    case Form::kText: return ordering<Compare, std::string_view, std::string_view>;
    case Form::kTimestamp: return ordering<Compare, Int128, Int128>;
    case Form::kDecimal: return right == Form::kDecimal ? ordering<Compare, Int128, Int128> : ordering_of_decimals<Compare>;
    default: return ordering_of_decimals<Compare>;
  }
}

template <bool kIs>
void null_test(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kSeen);
  const Vector& a = frame.operand(instruction, 0);
  auto* values = out.values<uint8_t>();
  const bool always = a.form == Form::kNothing;
  for (size_t i = 0; i < out.size(); ++i) values[i] = (always || a.is_null(i)) == kIs;
}

template <class T>
void one_of(Output& out, Frame& frame, const Instruction& instruction) {
  auto* found = out.values<uint8_t>();
  std::memset(found, 0, out.size());
  const Vector& value = frame.operand(instruction, 0);
  for (size_t k = 1; k < instruction.operand_count; ++k) {
    const Vector& other = frame.operand(instruction, k);
    for (size_t i = 0; i < out.size(); ++i) found[i] |= same(value.at<T>(i), other.at<T>(i));
  }
}

}  // namespace

Kernel equality_kernel(bool equal, Form form) { return equal ? equality_of<true>(form) : equality_of<false>(form); }
Kernel order_kernel(bool or_equal, Form left, Form right) { return or_equal ? ordering_of<LessEqual>(left, right) : ordering_of<Less>(left, right); }
void is_null(Frame& frame, const Instruction& instruction) { null_test<true>(frame, instruction); }
void is_not_null(Frame& frame, const Instruction& instruction) { null_test<false>(frame, instruction); }

void is_one_of(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kSeen);
  bool nulls = false;
  for (size_t k = 0; k < instruction.operand_count; ++k) {
    const Vector& operand = frame.operand(instruction, k);
    nulls |= operand.nulls != nullptr || operand.form != frame.operand(instruction, 0).form || operand.scale != frame.operand(instruction, 0).scale;
  }
  const Form form = frame.operand(instruction, 0).form;
  if (!nulls && form == Form::kText) return one_of<std::string_view>(out, frame, instruction);
  if (!nulls && (form == Form::kInt || form == Form::kUint || form == Form::kDuration)) return one_of<int64_t>(out, frame, instruction);
  if (!nulls && (form == Form::kDecimal || form == Form::kTimestamp)) return one_of<Int128>(out, frame, instruction);
  const Vector& value = frame.operand(instruction, 0);
  each_entry<uint8_t>(out, [&](size_t i) {
    bool found = false;
    for (size_t k = 1; k < instruction.operand_count && !found; ++k) found = equal_values(value, i, frame.operand(instruction, k), i);
    return found;
  });
}

}  // namespace millrace::rules

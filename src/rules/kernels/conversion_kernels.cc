#include <charconv>
#include <cmath>

#include "rules/constant_folding.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"
#include "rules/kernels/number_text.h"

namespace millrace::rules {
namespace {

using enum FailureCode;

void same(Frame& frame, const Instruction& instruction) {
  const Vector& from = frame.operand(instruction, 0);
  Store& out = frame.out(instruction);
  if (from.nulls == nullptr) return out.alias(from);
  Output failed(frame, instruction, from.form);
  std::memcpy(failed.values<char>(), from.values, failed.size() * width_of(from.form));
}

template <class T>
FailureCode whole_part(double a, T& r) {
  constexpr double kLeast = std::is_signed_v<T> ? -9223372036854775808.0 : 0.0, kBehind = std::is_signed_v<T> ? 9223372036854775808.0 : 18446744073709551616.0;
  const double whole = std::trunc(a);
  r = 0;
  if (!(whole >= kLeast && whole < kBehind)) return std::is_signed_v<T> ? kIntOverflow : kUintOverflow;  // NaN too
  r = static_cast<T>(whole);
  return kNone;
}
template <class T>
FailureCode whole_part(Int128 value, T& r) {
  r = static_cast<T>(value);
  return r == value ? kNone : std::is_signed_v<T> ? kIntOverflow : kUintOverflow;
}
template <class T>
FailureCode whole_part(const Int256& value, uint32_t scale, T& r) {
  Uint256 magnitude = value.magnitude();
  for (uint32_t i = 0; i < scale; ++i) magnitude.divide(10);
  const auto whole = signed_38_digits(value.negative(), magnitude);
  r = 0;
  return whole ? whole_part(*whole, r) : std::is_signed_v<T> ? kIntOverflow : kUintOverflow;
}

void uint_to_int(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, uint64_t>(frame, instruction, Form::kInt, [](uint64_t a, int64_t& r) { return whole_part(static_cast<Int128>(a), r); });
}
void double_to_int(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, double>(frame, instruction, Form::kInt, [](double a, int64_t& r) { return whole_part(a, r); });
}
void string_to_int(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, std::string_view>(frame, instruction, Form::kInt, [](std::string_view a, int64_t& r) {
    const auto value = parse_int(a);
    r = value.value_or(0);
    return value ? kNone : kNotANumber;
  });
}
void timestamp_to_int(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, Int128>(frame, instruction, Form::kInt, [](Int128 a) { return second_of(a); });
}
void int_to_uint(Frame& frame, const Instruction& instruction) {
  try_values<uint64_t, int64_t>(frame, instruction, Form::kUint, [](int64_t a, uint64_t& r) { return whole_part(static_cast<Int128>(a), r); });
}
void double_to_uint(Frame& frame, const Instruction& instruction) {
  try_values<uint64_t, double>(frame, instruction, Form::kUint, [](double a, uint64_t& r) { return whole_part(a, r); });
}
void string_to_uint(Frame& frame, const Instruction& instruction) {
  try_values<uint64_t, std::string_view>(frame, instruction, Form::kUint, [](std::string_view a, uint64_t& r) {
    const auto value = parse_uint(a);
    r = value.value_or(0);
    return value ? kNone : kNotANumber;
  });
}
// The digits behind the point are cut, as a double's are.
template <class T, Form kForm>
void decimal_to_whole(Frame& frame, const Instruction& instruction) {
  const Vector& from = frame.operand(instruction, 0);
  const uint32_t scale = from.scale;
  if (from.form == Form::kWideDecimal) return try_values<T, Int256>(frame, instruction, kForm, [&](const Int256& a, T& r) { return whole_part(a, scale, r); });
  const Int128 unit = power_of_ten(std::min(scale, 38U));
  try_values<T, Int128>(frame, instruction, kForm, [&](Int128 a, T& r) { return whole_part(a / unit, r); });
}
template <class A>
void to_double(Frame& frame, const Instruction& instruction) {
  map_values<double, A>(frame, instruction, Form::kDouble, [](A a) { return static_cast<double>(a); });
}
void string_to_double(Frame& frame, const Instruction& instruction) {
  try_values<double, std::string_view>(frame, instruction, Form::kDouble, [](std::string_view a, double& r) {
    const auto value = parse_double(a);
    r = value.value_or(0);
    return value ? kNone : kNotANumber;
  });
}
// The nearest double: both exact, a quotient of doubles is it; else by its digits.
double nearest(Int128 value, uint32_t scale) {
  constexpr Int128 kExact = Int128{1} << 53;
  if (value <= kExact && value >= -kExact && scale <= 22) return static_cast<double>(static_cast<int64_t>(value)) / static_cast<double>(kPowersOfTen[scale]);
  char text[80];
  double result = 0;
  std::from_chars(text, spell_decimal(value, scale, text), result);
  return result;
}
void decimal_to_double(Frame& frame, const Instruction& instruction) {
  const Vector& from = frame.operand(instruction, 0);
  if (from.form == Form::kWideDecimal) {
    return map_values<double, Int256>(frame, instruction, Form::kDouble,
                                      [&](const Int256& a) { return parse_double(spell_decimal(a, from.scale)).value_or(0); });
  }
  map_values<double, Int128>(frame, instruction, Form::kDouble, [&](Int128 a) { return nearest(a, from.scale); });
}

// f(a, out) writes at most kBytes and gives the end.
template <class A, size_t kBytes, class F>
void spelled(Frame& frame, const Instruction& instruction, F f) {
  TextArena& arena = frame.arena();
  map_values<std::string_view, A>(frame, instruction, Form::kText, [&](const A& a) {
    char* out = arena.reserve(kBytes);
    return arena.take(f(a, out));
  });
}
void bool_to_string(Frame& frame, const Instruction& instruction) {
  map_values<std::string_view, uint8_t>(frame, instruction, Form::kText, [](uint8_t a) { return std::string_view(a != 0 ? "true" : "false"); });
}
template <class A>
void whole_to_string(Frame& frame, const Instruction& instruction) {
  spelled<A, 24>(frame, instruction, [](A a, char* out) { return std::to_chars(out, out + 24, a).ptr; });
}
void double_to_string(Frame& frame, const Instruction& instruction) { spelled<double, 32>(frame, instruction, spell_number); }
void timestamp_to_string(Frame& frame, const Instruction& instruction) { spelled<Int128, 40>(frame, instruction, spell_instant); }
void duration_to_string(Frame& frame, const Instruction& instruction) { spelled<int64_t, 32>(frame, instruction, spell_duration); }
void decimal_to_string(Frame& frame, const Instruction& instruction) {
  const Vector& from = frame.operand(instruction, 0);
  if (from.form == Form::kWideDecimal) {
    return map_values<std::string_view, Int256>(frame, instruction, Form::kText,
                                                [&](const Int256& a) { return frame.arena().keep(spell_decimal(a, from.scale)); });
  }
  spelled<Int128, 80>(frame, instruction, [&](Int128 a, char* out) { return spell_decimal(a, from.scale, out); });
}
void bytes_to_string(Frame& frame, const Instruction& instruction) {
  try_values<std::string_view, std::string_view>(frame, instruction, Form::kText, [](std::string_view a, std::string_view& r) {
    r = a;
    return is_utf8(a) ? kNone : kNotUtf8;
  });
}
void string_to_bool(Frame& frame, const Instruction& instruction) {
  try_values<uint8_t, std::string_view>(frame, instruction, Form::kBool, [](std::string_view a, uint8_t& r) {
    const auto value = parse_bool(a);
    r = value.value_or(false);
    return value ? kNone : kNotABool;
  });
}
void string_to_timestamp(Frame& frame, const Instruction& instruction) {
  try_values<Int128, std::string_view>(frame, instruction, Form::kTimestamp, [](std::string_view a, Int128& r) {
    const auto value = parse_instant(a);
    r = value.value_or(0);
    return value ? kNone : kNotATimestamp;
  });
}
void int_to_timestamp(Frame& frame, const Instruction& instruction) {
  try_values<Int128, int64_t>(frame, instruction, Form::kTimestamp, [](int64_t a, Int128& r) {
    r = static_cast<Int128>(a) * kNanosecondsOfSecond;
    return is_instant(r) ? kNone : kTimestampRange;
  });
}
void string_to_duration(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, std::string_view>(frame, instruction, Form::kDuration, [](std::string_view a, int64_t& r) {
    const auto value = parse_duration(a);
    r = value.value_or(0);
    return value ? kNone : kNotADuration;
  });
}

constexpr NamedKernel kKernels[] = {
    {"int64_to_int64", same},
    {"uint64_to_int64", uint_to_int},
    {"double_to_int64", double_to_int},
    {"string_to_int64", string_to_int},
    {"timestamp_to_int64", timestamp_to_int},
    {"decimal_to_int64", decimal_to_whole<int64_t, Form::kInt>},
    {"uint64_to_uint64", same},
    {"int64_to_uint64", int_to_uint},
    {"double_to_uint64", double_to_uint},
    {"string_to_uint64", string_to_uint},
    {"decimal_to_uint64", decimal_to_whole<uint64_t, Form::kUint>},
    {"double_to_double", same},
    {"int64_to_double", to_double<int64_t>},
    {"uint64_to_double", to_double<uint64_t>},
    {"string_to_double", string_to_double},
    {"decimal_to_double", decimal_to_double},
    {"string_to_string", same},
    {"bool_to_string", bool_to_string},
    {"int64_to_string", whole_to_string<int64_t>},
    {"uint64_to_string", whole_to_string<uint64_t>},
    {"double_to_string", double_to_string},
    {"bytes_to_string", bytes_to_string},
    {"timestamp_to_string", timestamp_to_string},
    {"duration_to_string", duration_to_string},
    {"decimal_to_string", decimal_to_string},
    {"bytes_to_bytes", same},
    {"string_to_bytes", same},
    {"bool_to_bool", same},
    {"string_to_bool", string_to_bool},
    {"timestamp_to_timestamp", same},
    {"string_to_timestamp", string_to_timestamp},
    {"int64_to_timestamp", int_to_timestamp},
    {"duration_to_duration", same},
    {"string_to_duration", string_to_duration},
};

}  // namespace

std::span<const NamedKernel> conversion_kernels() { return kKernels; }

}  // namespace millrace::rules

#include <limits>

#include "rules/kernels/instants.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;

template <class T>
constexpr FailureCode kOverflow = std::is_signed_v<T> ? kIntOverflow : kUintOverflow;

template <class T, Form kForm, FailureCode kCode = kOverflow<T>>
void add(Frame& frame, const Instruction& instruction) {
  try_values<T, T, T>(frame, instruction, kForm, [](T a, T b, T& r) { return __builtin_add_overflow(a, b, &r) ? kCode : kNone; });
}
template <class T, Form kForm, FailureCode kCode = kOverflow<T>>
void subtract(Frame& frame, const Instruction& instruction) {
  try_values<T, T, T>(frame, instruction, kForm, [](T a, T b, T& r) { return __builtin_sub_overflow(a, b, &r) ? kCode : kNone; });
}
template <class T, Form kForm>
void multiply(Frame& frame, const Instruction& instruction) {
  try_values<T, T, T>(frame, instruction, kForm, [](T a, T b, T& r) { return __builtin_mul_overflow(a, b, &r) ? kOverflow<T> : kNone; });
}
template <class T, Form kForm, bool kQuotient>
void divide(Frame& frame, const Instruction& instruction) {
  try_values<T, T, T>(frame, instruction, kForm, [](T a, T b, T& r) {
    r = 0;
    if (b == 0) return kDivisionByZero;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1 && a == std::numeric_limits<T>::min()) return kOverflow<T>;
    }
    r = kQuotient ? a / b : a % b;
    return kNone;
  });
}

template <class F>
void doubles(Frame& frame, const Instruction& instruction, F f) {
  map_values<double, double, double>(frame, instruction, Form::kDouble, f);
}
void add_double(Frame& frame, const Instruction& instruction) {
  doubles(frame, instruction, [](double a, double b) { return a + b; });
}
void subtract_double(Frame& frame, const Instruction& instruction) {
  doubles(frame, instruction, [](double a, double b) { return a - b; });
}
void multiply_double(Frame& frame, const Instruction& instruction) {
  doubles(frame, instruction, [](double a, double b) { return a * b; });
}
void divide_double(Frame& frame, const Instruction& instruction) {
  doubles(frame, instruction, [](double a, double b) { return a / b; });
}
void negate_int(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, int64_t>(frame, instruction, Form::kInt,
                               [](int64_t a, int64_t& r) { return __builtin_sub_overflow(int64_t{0}, a, &r) ? kIntOverflow : kNone; });
}
void negate_double(Frame& frame, const Instruction& instruction) {
  map_values<double, double>(frame, instruction, Form::kDouble, [](double a) { return -a; });
}

FailureCode checked_instant(Int128 instant, Int128& r) {
  r = instant;
  return is_instant(instant) ? kNone : kTimestampRange;
}
void add_timestamp_duration(Frame& frame, const Instruction& instruction) {
  try_values<Int128, Int128, int64_t>(frame, instruction, Form::kTimestamp, [](Int128 a, int64_t b, Int128& r) { return checked_instant(a + b, r); });
}
void add_duration_timestamp(Frame& frame, const Instruction& instruction) {
  try_values<Int128, int64_t, Int128>(frame, instruction, Form::kTimestamp, [](int64_t a, Int128 b, Int128& r) { return checked_instant(b + a, r); });
}
void subtract_timestamp_duration(Frame& frame, const Instruction& instruction) {
  try_values<Int128, Int128, int64_t>(frame, instruction, Form::kTimestamp, [](Int128 a, int64_t b, Int128& r) { return checked_instant(a - b, r); });
}
void subtract_timestamps(Frame& frame, const Instruction& instruction) {
  try_values<int64_t, Int128, Int128>(frame, instruction, Form::kDuration, [](Int128 a, Int128 b, int64_t& r) {
    const Int128 difference = a - b;
    r = static_cast<int64_t>(difference);
    return r == difference ? kNone : kDurationOverflow;
  });
}

constexpr NamedKernel kKernels[] = {
    {"add_int64", add<int64_t, Form::kInt>},
    {"add_uint64", add<uint64_t, Form::kUint>},
    {"add_double", add_double},
    {"add_timestamp_duration", add_timestamp_duration},
    {"add_duration_timestamp", add_duration_timestamp},
    {"add_duration_duration", add<int64_t, Form::kDuration, kDurationOverflow>},
    {"subtract_int64", subtract<int64_t, Form::kInt>},
    {"subtract_uint64", subtract<uint64_t, Form::kUint>},
    {"subtract_double", subtract_double},
    {"subtract_timestamp_timestamp", subtract_timestamps},
    {"subtract_timestamp_duration", subtract_timestamp_duration},
    {"subtract_duration_duration", subtract<int64_t, Form::kDuration, kDurationOverflow>},
    {"multiply_int64", multiply<int64_t, Form::kInt>},
    {"multiply_uint64", multiply<uint64_t, Form::kUint>},
    {"multiply_double", multiply_double},
    {"divide_int64", divide<int64_t, Form::kInt, true>},
    {"divide_uint64", divide<uint64_t, Form::kUint, true>},
    {"divide_double", divide_double},
    {"modulo_int64", divide<int64_t, Form::kInt, false>},
    {"modulo_uint64", divide<uint64_t, Form::kUint, false>},
    {"negate_int64", negate_int},
    {"negate_double", negate_double},
    {"logical_not", logical_not},
};

}  // namespace

std::span<const NamedKernel> arithmetic_kernels() { return kKernels; }

}  // namespace millrace::rules

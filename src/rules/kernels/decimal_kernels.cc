#include "rules/kernels/decimal_text.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;

// a * 10^(scale - a_scale) ± b * 10^(scale - b_scale); in 256 bits where 128 don't do on the way.
std::optional<Int128> exact_sum(Int128 a, uint32_t a_up, Int128 b, uint32_t b_up, bool minus) {
  Uint256 x = Int256(a).magnitude(), y = Int256(b).magnitude();
  if (!x.scale_up(a_up) || !y.scale_up(b_up)) return std::nullopt;
  const bool x_negative = a < 0, y_negative = (b < 0) != minus;
  if (x_negative == y_negative) return x.add(y) ? signed_38_digits(x_negative, x) : std::nullopt;
  if (x >= y) return x.subtract(y), signed_38_digits(x_negative, x);
  return y.subtract(x), signed_38_digits(y_negative, y);
}

template <bool kMinus>
void sum(Frame& frame, const Instruction& instruction) {
  const auto scale = static_cast<uint32_t>(instruction.a);
  const uint32_t a_up = scale - frame.operand(instruction, 0).scale, b_up = scale - frame.operand(instruction, 1).scale;
  const Int128 a_factor = power_of_ten(a_up), b_factor = power_of_ten(b_up);
  const auto slow = [&](Int128 a, Int128 b, Int128& r) {
    const auto exact = exact_sum(a, a_up, b, b_up, kMinus);
    r = exact.value_or(0);
    return exact ? kNone : kDecimalOverflow;
  };
  if (a_up == 0 && b_up == 0) {
    try_values<Int128, Int128, Int128>(frame, instruction, Form::kDecimal, [](Int128 a, Int128 b, Int128& r) {
      const auto x = static_cast<Uint128>(a), y = static_cast<Uint128>(b);
      r = static_cast<Int128>(kMinus ? x - y : x + y);  // of 38 digits each: within 128 bits
      return has_38_digits_at_most(r) ? kNone : kDecimalOverflow;
    });
  } else {
    try_values<Int128, Int128, Int128>(frame, instruction, Form::kDecimal, [&](Int128 a, Int128 b, Int128& r) {
      Int128 x = 0, y = 0;
      if (__builtin_mul_overflow(a, a_factor, &x) || __builtin_mul_overflow(b, b_factor, &y)) [[unlikely]]
        return slow(a, b, r);
      if (kMinus ? __builtin_sub_overflow(x, y, &r) : __builtin_add_overflow(x, y, &r)) [[unlikely]]
        return slow(a, b, r);
      return has_38_digits_at_most(r) ? kNone : kDecimalOverflow;
    });
  }
  frame.out(instruction).set_scale(static_cast<uint8_t>(scale));
}

std::optional<Int128> quotient(Int128 a, Int128 b, int exponent) {  // a / b * 10^exponent
  Uint256 n = Int256(a).magnitude(), d = Int256(b).magnitude();
  // What outgrows 256 bits is 10^38 times its counterpart and more: too large for 38 digits, or nothing.
  if (exponent > 0 && !n.scale_up(static_cast<uint32_t>(exponent))) return std::nullopt;
  if (exponent < 0 && !d.scale_up(static_cast<uint32_t>(-exponent))) return 0;
  return signed_38_digits((a < 0) != (b < 0), divide_half_even(n, d));
}

// A value of `from` in the form and scale of `to`, deep; entries that don't fit 38 digits are added to `failed`.
void convert(const Vector& from, const Type& to, Store& out, std::vector<uint32_t>& failed) {
  const Form form = form_of(to);
  if (from.form == Form::kNothing) {  // null, or no elements
    out.reset_to_zero(form, from.size), out.set_scale(to.scale);
    if (from.size > 0) std::memset(out.make_nulls(), 1, from.size);
    for (size_t c = 0; c < to.children.size(); ++c) out.child(c).reset(Form::kNothing, 0);
  } else if (form == Form::kList || form == Form::kMap) {
    out.alias(from);
    for (size_t c = 0; c < to.children.size(); ++c) {
      if (from.children[c] != nullptr) convert(*from.children[c], to.children[c], out.child(c), failed);
    }
    return;
  } else if (form == Form::kWideDecimal) {
    auto* values = out.reset<Int256>(form, from.size);
    out.set_scale(to.scale);
    for (size_t i = 0; i < from.size; ++i) {
      const Int256 value = from.form == Form::kWideDecimal ? from.data<Int256>()[i]
                           : from.form == Form::kDecimal   ? Int256(from.data<Int128>()[i])
                           : from.form == Form::kUint      ? Int256(from.data<uint64_t>()[i])
                                                           : Int256(from.data<int64_t>()[i]);
      Uint256 magnitude = value.magnitude();
      magnitude.scale_up(to.scale - from.scale);  // the type has the digits
      values[i] = Int256(value.negative(), magnitude);
    }
  } else if (form == Form::kDecimal) {
    auto* values = out.reset<Int128>(form, from.size);
    out.set_scale(to.scale);
    const uint32_t up = to.scale - from.scale;
    for (size_t i = 0; i < from.size; ++i) {
      const Int128 value = from.form == Form::kDecimal ? from.data<Int128>()[i]
                           : from.form == Form::kUint  ? Int128(from.data<uint64_t>()[i])
                                                       : Int128(from.data<int64_t>()[i]);
      if (up == 0) {
        values[i] = value;
        continue;
      }
      const auto scaled = rescale(value, 0, up);
      values[i] = scaled.value_or(0);
      if (!scaled) failed.push_back(static_cast<uint32_t>(i));
    }
  } else {
    return out.alias(from);
  }
  out.set_step(from.step);
  if (from.nulls != nullptr) out.drop_nulls(), out.add_nulls(from.nulls);
}

}  // namespace

void decimal_add(Frame& frame, const Instruction& instruction) { sum<false>(frame, instruction); }
void decimal_subtract(Frame& frame, const Instruction& instruction) { sum<true>(frame, instruction); }

void decimal_multiply(Frame& frame, const Instruction& instruction) {
  // Unsigned, so that what a column holds against its type is a wrong number at worst.
  map_values<Int128, Int128, Int128>(frame, instruction, Form::kDecimal,
                                     [](Int128 a, Int128 b) { return static_cast<Int128>(static_cast<Uint128>(a) * static_cast<Uint128>(b)); });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_multiply_checked(Frame& frame, const Instruction& instruction) {
  try_values<Int128, Int128, Int128>(frame, instruction, Form::kDecimal, [](Int128 a, Int128 b, Int128& r) {
    return __builtin_mul_overflow(a, b, &r) || !has_38_digits_at_most(r) ? kDecimalOverflow : kNone;
  });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_negate(Frame& frame, const Instruction& instruction) {
  map_values<Int128, Int128>(frame, instruction, Form::kDecimal, [](Int128 a) { return static_cast<Int128>(-static_cast<Uint128>(a)); });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_negate_wide(Frame& frame, const Instruction& instruction) {
  map_values<Int256, Int256>(frame, instruction, Form::kWideDecimal, [](const Int256& a) { return Int256(!a.negative(), a.magnitude()); });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_divide(Frame& frame, const Instruction& instruction) {
  const int exponent = instruction.a + frame.operand(instruction, 1).scale - frame.operand(instruction, 0).scale;
  try_values<Int128, Int128, Int128>(frame, instruction, Form::kDecimal, [&](Int128 a, Int128 b, Int128& r) {
    r = 0;
    if (b == 0) return kDivisionByZero;
    const auto exact = quotient(a, b, exponent);
    r = exact.value_or(0);
    return exact ? kNone : kDecimalOverflow;
  });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_rescale(Frame& frame, const Instruction& instruction) {
  const auto to = static_cast<uint32_t>(instruction.a);
  const Vector& from = frame.operand(instruction, 0);
  const auto put = [](std::optional<Int128> scaled, Int128& r) {
    r = scaled.value_or(0);
    return scaled ? kNone : kDecimalOverflow;
  };
  if (from.form == Form::kWideDecimal)
    try_values<Int128, Int256>(frame, instruction, Form::kDecimal, [&](const Int256& a, Int128& r) { return put(rescale(a, from.scale, to), r); });
  else
    try_values<Int128, Int128>(frame, instruction, Form::kDecimal, [&](Int128 a, Int128& r) { return put(rescale(a, from.scale, to), r); });
  frame.out(instruction).set_scale(static_cast<uint8_t>(to));
}
void decimal_of_double(Frame& frame, const Instruction& instruction) {
  try_values<Int128, double>(frame, instruction, Form::kDecimal, [&](double a, Int128& r) {
    const auto exact = decimal_of(a, static_cast<uint32_t>(instruction.a));
    r = exact.value_or(0);
    return exact ? kNone : exact.error();
  });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}
void decimal_of_text(Frame& frame, const Instruction& instruction) {
  try_values<Int128, std::string_view>(frame, instruction, Form::kDecimal, [&](std::string_view a, Int128& r) {
    const auto exact = parse_decimal(a, static_cast<uint32_t>(instruction.a));
    r = exact.value_or(0);
    return exact ? kNone : exact.error();
  });
  frame.out(instruction).set_scale(static_cast<uint8_t>(instruction.a));
}

void convert_to(Frame& frame, const Instruction& instruction) {
  const Vector& from = frame.operand(instruction, 0);
  const auto& to = *static_cast<const Type*>(instruction.constant);
  Store& out = frame.out(instruction);
  std::vector<uint32_t>& failed = frame.open(instruction);
  convert(from, to, out, failed);
  if (from.failures == nullptr && failed.empty()) return;
  if (from.form == Form::kList || from.form == Form::kMap) return;  // an alias has them
  uint32_t* failures = out.make_failures();
  for (const uint32_t i : failed) failures[i] = Failure(kDecimalOverflow, instruction.place).bits;
  for (size_t i = 0; from.failures != nullptr && i < from.size; ++i) {
    if (from.failures[i] != 0) failures[i] = from.failures[i];
  }
}

}  // namespace millrace::rules

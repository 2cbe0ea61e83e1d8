#include "rules/kernels/wide_integer.h"

#include <algorithm>

namespace millrace::rules {
namespace {

constexpr uint64_t kTenTo19 = 10'000'000'000'000'000'000ULL;
uint64_t small_power(uint32_t exponent) { return static_cast<uint64_t>(kPowersOfTen[exponent]); }

// value / 10^digits; true in `rest` if something was left.
Uint256 whole_part(Uint256 value, uint32_t digits, bool& rest) {
  while (digits > 0) {
    const uint32_t step = std::min(digits, 19U);
    rest |= value.divide(small_power(step)) != 0;
    digits -= step;
  }
  return value;
}
Uint256 power_256(uint32_t exponent) {
  Uint256 power(1);
  power.scale_up(exponent);
  return power;
}

}  // namespace

std::strong_ordering Uint256::operator<=>(const Uint256& other) const {
  for (size_t i = 4; i-- > 0;) {
    if (limbs[i] != other.limbs[i]) return limbs[i] <=> other.limbs[i];
  }
  return std::strong_ordering::equal;
}
bool Uint256::multiply(uint64_t factor) {
  uint64_t carry = 0;
  for (uint64_t& limb : limbs) {
    const Uint128 product = static_cast<Uint128>(limb) * factor + carry;
    limb = static_cast<uint64_t>(product), carry = static_cast<uint64_t>(product >> 64);
  }
  return carry == 0;
}
bool Uint256::scale_up(uint32_t digits) {
  if (is_zero()) return true;
  for (; digits >= 19; digits -= 19) {
    if (!multiply(kTenTo19)) return false;
  }
  return multiply(small_power(digits));
}
uint64_t Uint256::divide(uint64_t divisor) {
  Uint128 rest = 0;
  for (size_t i = 4; i-- > 0;) {
    rest = rest << 64 | limbs[i];
    limbs[i] = static_cast<uint64_t>(rest / divisor), rest %= divisor;
  }
  return static_cast<uint64_t>(rest);
}
bool Uint256::add(const Uint256& other) {
  uint64_t carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Uint128 sum = static_cast<Uint128>(limbs[i]) + other.limbs[i] + carry;
    limbs[i] = static_cast<uint64_t>(sum), carry = static_cast<uint64_t>(sum >> 64);
  }
  return carry == 0;
}
void Uint256::subtract(const Uint256& other) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Uint128 difference = static_cast<Uint128>(limbs[i]) - other.limbs[i] - borrow;
    limbs[i] = static_cast<uint64_t>(difference), borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
}

Int256::Int256(Int128 value) {
  const uint64_t sign = value < 0 ? UINT64_MAX : 0;
  limbs = {static_cast<uint64_t>(value), static_cast<uint64_t>(static_cast<Uint128>(value) >> 64), sign, sign};
}
Int256::Int256(bool negative, const Uint256& magnitude) : limbs(magnitude.limbs) {
  if (!negative) return;
  for (uint64_t& limb : limbs) limb = ~limb;
  for (uint64_t& limb : limbs) {
    if (++limb != 0) break;
  }
}
Uint256 Int256::magnitude() const {
  Uint256 out;
  out.limbs = negative() ? Int256(true,
                                  [&] {
                                    Uint256 same;
                                    same.limbs = limbs;
                                    return same;
                                  }())
                               .limbs
                         : limbs;
  return out;
}

std::strong_ordering compare_decimals(const Int256& a, uint32_t a_scale, const Int256& b, uint32_t b_scale) {
  if (a.negative() != b.negative()) return a.negative() ? std::strong_ordering::less : std::strong_ordering::greater;
  Uint256 x = a.magnitude(), y = b.magnitude();
  const bool turned = a.negative();
  if (a_scale != b_scale) {  // whole parts first: a fraction of up to 76 digits fits whatever it is scaled to
    bool rest = false;
    const Uint256 x_whole = whole_part(x, a_scale, rest), y_whole = whole_part(y, b_scale, rest);
    if (const auto order = x_whole <=> y_whole; order != 0) return turned ? 0 <=> order : order;
    const auto fraction = [](Uint256 value, Uint256 whole, uint32_t scale) {
      whole.scale_up(scale);
      value.subtract(whole);
      return value;
    };
    x = fraction(x, x_whole, a_scale), y = fraction(y, y_whole, b_scale);
    if (a_scale < b_scale)
      x.scale_up(b_scale - a_scale);
    else
      y.scale_up(a_scale - b_scale);
  }
  const auto order = x <=> y;
  return turned ? 0 <=> order : order;
}

Uint256 divide_half_even(const Uint256& n, const Uint256& d) {
  Uint256 quotient, rest;
  if (n.fits_128() && d.fits_128()) {
    quotient = Uint256(n.low() / d.low()), rest = Uint256(n.low() % d.low());
  } else {
    for (size_t bit = 256; bit-- > 0;) {
      rest.add(rest);  // less than d, which is far below 2^255 for decimals
      rest.limbs[0] |= n.limbs[bit / 64] >> (bit % 64) & 1;
      if (rest >= d) rest.subtract(d), quotient.limbs[bit / 64] |= uint64_t{1} << (bit % 64);
    }
  }
  Uint256 other = d;
  other.subtract(rest);
  const auto half = rest <=> other;
  if (half > 0 || (half == 0 && (quotient.limbs[0] & 1) != 0)) quotient.add(Uint256(1));
  return quotient;
}

std::optional<Int128> signed_38_digits(bool negative, const Uint256& magnitude) {
  if (!magnitude.fits_128() || magnitude.low() >= kPowersOfTen[38]) return std::nullopt;
  const auto value = static_cast<Int128>(magnitude.low());
  return negative ? -value : value;
}
std::optional<Int128> rescale(const Int256& value, uint32_t from, uint32_t to) {
  Uint256 magnitude = value.magnitude();
  if (to >= from) return magnitude.scale_up(to - from) ? signed_38_digits(value.negative(), magnitude) : std::nullopt;
  return signed_38_digits(value.negative(), divide_half_even(magnitude, power_256(from - to)));
}
std::optional<Int128> rescale(Int128 value, uint32_t from, uint32_t to) {
  if (to >= from && to - from <= 38) {
    Int128 scaled = 0;
    if (__builtin_mul_overflow(value, power_of_ten(to - from), &scaled) || !has_38_digits_at_most(scaled)) return std::nullopt;
    return scaled;
  }
  return rescale(Int256(value), from, to);
}

std::string spell_decimal(const Int256& value, uint32_t scale) {
  std::string digits;
  for (Uint256 rest = value.magnitude(); !rest.is_zero();) digits += static_cast<char>('0' + rest.divide(10));
  while (digits.size() <= scale) digits += '0';
  if (scale > 0) digits.insert(scale, 1, '.');
  if (value.negative()) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}
char* spell_decimal(Int128 value, uint32_t scale, char* out) {
  char reversed[80];
  size_t size = 0;
  auto rest = value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  uint32_t digits = 0;
  for (; rest != 0 || digits <= scale; ++digits) {
    if (digits == scale && scale > 0) reversed[size++] = '.';
    if (rest <= UINT64_MAX) {
      const auto narrow = static_cast<uint64_t>(rest);
      reversed[size++] = static_cast<char>('0' + narrow % 10), rest = narrow / 10;
    } else {
      reversed[size++] = static_cast<char>('0' + static_cast<int>(rest % 10)), rest /= 10;
    }
  }
  if (value < 0) reversed[size++] = '-';
  return std::reverse_copy(reversed, reversed + size, out);
}

}  // namespace millrace::rules

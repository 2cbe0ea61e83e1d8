#pragma once
// Integers of 128 and 256 bits, as far as decimals need them: scaled up and down, compared, divided, written.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace millrace::rules {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

namespace wide_integer_detail {
constexpr std::array<Uint128, 39> powers() {
  std::array<Uint128, 39> table{};
  table[0] = 1;
  for (size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * 10;
  return table;
}
}  // namespace wide_integer_detail
inline constexpr std::array<Uint128, 39> kPowersOfTen = wide_integer_detail::powers();  // 10^0 to 10^38
inline Int128 power_of_ten(uint32_t exponent) { return static_cast<Int128>(kPowersOfTen[exponent]); }

// Nothing but its magnitude: 256 bits, the lowest limb first.
struct Uint256 {
  std::array<uint64_t, 4> limbs{};

  Uint256() = default;
  explicit Uint256(Uint128 value) : limbs{static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64), 0, 0} {}
  bool is_zero() const { return (limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0; }
  bool fits_128() const { return (limbs[2] | limbs[3]) == 0; }
  Uint128 low() const { return static_cast<Uint128>(limbs[1]) << 64 | limbs[0]; }
  bool operator==(const Uint256&) const = default;
  std::strong_ordering operator<=>(const Uint256& other) const;

  bool multiply(uint64_t factor);       // false: it doesn't fit any more
  bool scale_up(uint32_t digits);       // times 10^digits; false: it doesn't fit any more
  uint64_t divide(uint64_t divisor);    // becomes the quotient; gives the remainder
  bool add(const Uint256& other);       // false: it doesn't fit any more
  void subtract(const Uint256& other);  // of what is not larger
};

// As a column of Decimal256 holds it: two's complement, the lowest limb first.
struct Int256 {
  std::array<uint64_t, 4> limbs{};

  Int256() = default;
  explicit Int256(Int128 value);
  Int256(bool negative, const Uint256& magnitude);
  bool negative() const { return limbs[3] >> 63 != 0; }
  Uint256 magnitude() const;
  bool operator==(const Int256&) const = default;
};

// a / 10^a_scale against b / 10^b_scale, exactly; scales up to 76.
std::strong_ordering compare_decimals(const Int256& a, uint32_t a_scale, const Int256& b, uint32_t b_scale);

// n / d rounded half to even; d is not 0.
Uint256 divide_half_even(const Uint256& n, const Uint256& d);
// value * 10^(to - from), rounded half to even; nothing if that needs more than 38 digits.
std::optional<Int128> rescale(Int128 value, uint32_t from, uint32_t to);
std::optional<Int128> rescale(const Int256& value, uint32_t from, uint32_t to);
// -10^38 < value < 10^38.
inline bool has_38_digits_at_most(Int128 value) { return value < power_of_ten(38) && value > -power_of_ten(38); }
std::optional<Int128> signed_38_digits(bool negative, const Uint256& magnitude);

std::string spell_decimal(const Int256& value, uint32_t scale);  // "-12.50"
// The same into `out` (80 bytes are enough), for values of up to 128 bits; gives the end.
char* spell_decimal(Int128 value, uint32_t scale, char* out);

}  // namespace millrace::rules

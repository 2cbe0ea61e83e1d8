#include "avro/decode_values.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/ids.h"

namespace millrace::avro {
namespace {

using Limbs = std::array<uint64_t, 4>;  // least significant first

constexpr auto kPowersOfTen = [] {
  std::array<Limbs, 77> powers{};
  powers[0] = {1, 0, 0, 0};
  for (size_t n = 1; n < powers.size(); ++n) {
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < 4; ++i) {
      carry += static_cast<unsigned __int128>(powers[n - 1][i]) * 10;
      powers[n][i] = static_cast<uint64_t>(carry), carry >>= 64;
    }
  }
  return powers;
}();

bool less(const Limbs& a, const Limbs& b) { return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend()); }

uint64_t big_endian(const uint8_t* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, 8);
  return __builtin_bswap64(word);
}

}  // namespace

bool append_decimal(columns::Column& column, const uint8_t* bytes, size_t size, uint32_t precision) {
  const uint8_t sign = size != 0 && (bytes[0] & 0x80) != 0 ? 0xff : 0;
  while (size > 32 && *bytes == sign) ++bytes, --size;  // sign extension only
  if (size > 32) return false;
  Limbs value;
  value.fill(sign != 0 ? ~uint64_t{0} : 0);
  for (size_t i = 0; i < size; ++i) {
    const size_t shift = 8 * (i % 8);
    value[i / 8] = (value[i / 8] & ~(uint64_t{0xff} << shift)) | (uint64_t{bytes[size - 1 - i]} << shift);
  }
  if ((value[3] >> 63) != (sign != 0 ? 1U : 0U)) return false;
  Limbs magnitude = value;
  if (sign != 0) {
    uint64_t carry = 1;
    for (uint64_t& limb : magnitude) limb = ~limb + carry, carry = carry != 0 && limb == 0 ? 1 : 0;
  }
  if (!less(magnitude, kPowersOfTen[precision])) return false;
  static_assert(std::endian::native == std::endian::little);
  column.append_fixed(reinterpret_cast<const char*>(value.data()));
  return true;
}

bool append_uuid_text(columns::Column& column, const uint8_t* bytes, size_t size) {
  Uuid id;
  if (!parse_uuid(reinterpret_cast<const char*>(bytes), size, id)) return false;
  column.append(id);
  return true;
}
void append_uuid_fixed(columns::Column& column, const uint8_t* bytes) { column.append(Uuid{big_endian(bytes), big_endian(bytes + 8)}); }

}  // namespace millrace::avro

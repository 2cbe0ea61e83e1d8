#pragma once
// Single values on their way from Avro's bytes into buffers. Inline: they are the decoder's inner loop.

#include <cstdint>
#include <cstring>

#include "avro/utf8.h"
#include "columns/buffer.h"
#include "columns/column.h"

namespace millrace::avro {

// Avro's variable-length number, at most 10 bytes (specification, "Binary encoding").
enum class VarintState : uint8_t { kGood, kTruncated, kOverlong };

[[gnu::always_inline]] inline VarintState read_varint(const uint8_t*& p, const uint8_t* end, uint64_t& value) {
  if (p < end && *p < 0x80) [[likely]] {
    value = *p++;
    return VarintState::kGood;
  }
  const uint8_t* q = p;
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (q == end) return VarintState::kTruncated;
    const uint64_t byte = *q++;
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) return VarintState::kOverlong;
      p = q, value = result;
      return VarintState::kGood;
    }
  }
  return VarintState::kOverlong;
}
inline int64_t zigzag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }
inline bool fits_int(int64_t value) { return value == static_cast<int32_t>(value); }

// Copies [p, p + size) to `to` in steps of 16 bytes, which may write 16 bytes too many. True if all are ASCII.
[[gnu::always_inline]] inline bool copy_ascii(char* to, const uint8_t* p, const uint8_t* end, size_t size) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  // Eight bytes from kOnes + 16 - n: the first n of them are ones.
  alignas(16) static constexpr uint8_t kOnes[40] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  auto step = [&](size_t at, uint64_t& low, uint64_t& high) {
    std::memcpy(&low, p + at, 8), std::memcpy(&high, p + at + 8, 8);
    std::memcpy(to + at, &low, 8), std::memcpy(to + at + 8, &high, 8);
  };
  uint64_t seen = 0, low = 0, high = 0, low_mask = 0, high_mask = 0;
  size_t at = 0;
  if (static_cast<size_t>(end - p) < size + 16) [[unlikely]] {  // reading 16 bytes would leave the payload
    for (; at + 8 <= size; at += 8) std::memcpy(&low, p + at, 8), std::memcpy(to + at, &low, 8), seen |= low;
    low = 0;
    if (size - at >= 4) std::memcpy(&low, p + at, 4), std::memcpy(to + at, &low, 4), seen |= low, at += 4;
    for (; at < size; ++at) to[at] = static_cast<char>(p[at]), seen |= p[at];
    return (seen & kHigh) == 0;
  }
  for (; at + 16 <= size; at += 16) step(at, low, high), seen |= low | high;
  step(at, low, high);
  const uint8_t* const ones = kOnes + 16 - (size - at);
  std::memcpy(&low_mask, ones, 8), std::memcpy(&high_mask, ones + 8, 8);
  return ((seen | (low & low_mask) | (high & high_mask)) & kHigh) == 0;
}

// Appends payload bytes [p, p + size) to a String column. True if all are ASCII (so the caller need not look at them again).
[[gnu::always_inline]] inline bool append_string(columns::Column& column, const uint8_t* p, const uint8_t* end, size_t size) {
  columns::Buffer& text = column.text_bytes();
  text.reserve(size + 10);
  char* to = text.tail();
  size_t length = size;
  while (length >= 0x80) [[unlikely]]
    *to++ = static_cast<char>(length | 0x80), length >>= 7;
  *to++ = static_cast<char>(length);
  const bool ascii = copy_ascii(to, p, end, size);
  text.set_tail(to + size);
  column.marks().put(static_cast<uint32_t>(text.size()));
  return ascii;
}

// Two's complement, big endian, into a little-endian integer of the column's width. False if it has more digits than `precision`.
bool append_decimal(columns::Column& column, const uint8_t* bytes, size_t size, uint32_t precision);
bool append_uuid_text(columns::Column& column, const uint8_t* bytes, size_t size);
void append_uuid_fixed(columns::Column& column, const uint8_t* bytes);

}  // namespace millrace::avro

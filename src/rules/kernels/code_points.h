#pragma once
// Texts count in code points; where a text is ASCII, that is in bytes, which the fast ways here are for.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::rules {

inline bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

inline bool is_ascii(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  uint64_t high = 0;
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    high |= word;
  }
  for (; left > 0; ++at, --left) high |= static_cast<uint64_t>(static_cast<unsigned char>(*at));
  return (high & 0x8080808080808080) == 0;
}

inline size_t count_code_points(std::string_view text) {
  // Those that don't begin one have bit 7 and not bit 6.
  constexpr uint64_t kLowest = 0x0101010101010101;
  const char* at = text.data();
  size_t left = text.size(), others = 0;
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    if ((word & kLowest << 7) != 0) [[unlikely]]
      others += static_cast<size_t>(std::popcount(word >> 7 & ~(word >> 6) & kLowest));
  }
  for (; left > 0; ++at, --left) others += !begins_code_point(*at);
  return text.size() - others;
}

// Where code point `index` begins: text.size() if there are just so many, npos if there are fewer.
inline size_t code_point_at(std::string_view text, size_t index, bool ascii) {
  if (ascii) return index <= text.size() ? index : std::string_view::npos;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_code_point(text[at]) && index-- == 0) return at;
  }
  return index == 0 ? at : std::string_view::npos;
}
inline size_t end_of_code_point(std::string_view text, size_t begin) {
  size_t end = begin + 1;
  while (end < text.size() && !begins_code_point(text[end])) ++end;
  return end;
}

}  // namespace millrace::rules

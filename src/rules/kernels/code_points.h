#pragma once
// Texts count in code points; where a text is ASCII, that is in bytes, which the fast ways here are for.

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
  size_t count = 0;
  for (const char c : text) count += begins_code_point(c);
  return count;
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

#pragma once
// Texts of up to 16 bytes, as names and keys mostly are, compared, hashed and copied in a few instructions, inline: the call and the switch over the length
// that memcmp() and memcpy() begin with are most of what short texts cost. Longer ones go the usual way.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace {

inline constexpr size_t kShortText = 16;  // bytes

// All bytes of a short text, some of them twice; with its size they tell it from every other.
struct TextWords {
  uint64_t first = 0, last = 0;
  bool operator==(const TextWords&) const = default;
};

template <class T>
T load_word(const char* at) {
  T word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

inline TextWords words_of(std::string_view text) {
  const char* p = text.data();
  const size_t size = text.size();
  if (size >= 8) return {load_word<uint64_t>(p), load_word<uint64_t>(p + size - 8)};
  if (size >= 4) return {load_word<uint32_t>(p), load_word<uint32_t>(p + size - 4)};
  if (size == 0) return {};
  const auto byte = [p](size_t at) { return static_cast<uint64_t>(static_cast<unsigned char>(p[at])); };
  return {byte(0) | byte(size / 2) << 8, byte(size - 1)};
}

inline bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() > kShortText) return std::memcmp(a.data(), b.data(), a.size()) == 0;
  return words_of(a) == words_of(b);
}

// Copies `size` bytes, which may be 0 and don't overlap.
inline void copy_text(char* to, const char* from, size_t size) {
  struct Sixteen {
    uint64_t words[2];
  };
  struct ThirtyTwo {
    Sixteen halves[2];
  };
  const auto both_ends = [&]<class T>() {
    const T first = load_word<T>(from), last = load_word<T>(from + size - sizeof(T));
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  if (size > 2 * sizeof(ThirtyTwo))
    std::memcpy(to, from, size);
  else if (size >= sizeof(ThirtyTwo))
    both_ends.operator()<ThirtyTwo>();
  else if (size >= sizeof(Sixteen))
    both_ends.operator()<Sixteen>();
  else if (size >= 8)
    both_ends.operator()<uint64_t>();
  else if (size >= 4)
    both_ends.operator()<uint32_t>();
  else if (size >= 2)
    both_ends.operator()<uint16_t>();
  else if (size == 1)
    *to = *from;
}

// Differs in each process, so that nobody can prepare colliding keys: it must never reach what is written or sent.
extern const uint64_t kTextSeed;

inline uint64_t mix_words(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 Product;
  const auto product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Multiply and fold, as wyhash does (https://github.com/wangyi-fudan/wyhash); good in its low bits.
inline uint64_t hash_text(std::string_view text) {
  uint64_t state = kTextSeed ^ text.size();
  while (text.size() > kShortText) {
    const TextWords words = words_of(text.substr(0, kShortText));
    state = mix_words(words.first ^ state, words.last ^ kTextSeed ^ 0x9e3779b97f4a7c15);
    text.remove_prefix(kShortText);
  }
  const TextWords words = words_of(text);
  return mix_words(words.first ^ state, words.last ^ 0xd6e8feb86659fd93 ^ state << 32);
}

}  // namespace millrace

#pragma once
// The first of several bytes in a text, sixteen bytes at a time.

#include <bit>
#include <cstddef>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace millrace::rules {

// Where the first byte that is one of kAny stands; text.size() if none is there.
template <char... kAny>
size_t find_any(std::string_view text) {
  size_t at = 0;
#ifdef __SSE2__
  const auto found = [&](size_t begin) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + begin));
    __m128i equal = _mm_setzero_si128();
    ((equal = _mm_or_si128(equal, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(kAny)))), ...);
    return static_cast<unsigned>(_mm_movemask_epi8(equal));
  };
  for (; at + 16 <= text.size(); at += 16)
    if (const unsigned mask = found(at); mask != 0) return at + static_cast<size_t>(std::countr_zero(mask));
  if (text.size() >= 16) {  // the rest, and some of what was looked at already
    const unsigned mask = found(text.size() - 16);
    return mask == 0 ? text.size() : text.size() - 16 + static_cast<size_t>(std::countr_zero(mask));
  }
#endif
  for (; at < text.size(); ++at)
    if (((text[at] == kAny) || ...)) return at;
  return text.size();
}

}  // namespace millrace::rules

#include "avro/utf8.h"

#include <cstring>

namespace millrace::avro {

bool valid_utf8(const uint8_t* p, size_t size) {
  const uint8_t* end = p + size;
  while (p < end) {
    uint64_t word = 0;
    while (end - p >= 8 && (std::memcpy(&word, p, 8), (word & 0x8080808080808080) == 0)) p += 8;
    if (p == end) return true;
    const uint8_t lead = *p++;
    if (lead < 0x80) continue;
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || end - p < more) return false;
    // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
    const uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[0] < least || p[0] > most) return false;
    for (int i = 1; i < more; ++i)
      if ((p[i] & 0xc0) != 0x80) return false;
    p += more;
  }
  return true;
}

}  // namespace millrace::avro

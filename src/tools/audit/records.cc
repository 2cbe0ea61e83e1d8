#include "tools/audit/records.h"

#include <cstring>

namespace millrace::audit {
namespace {
uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD1342543DE82EF95u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
}  // namespace

uint64_t hash_of(std::string_view bytes, uint64_t seed) {
  uint64_t hash = mix(seed, bytes.size() + 0xA0761D6478BD642Fu);
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = mix(hash, word);
    bytes.remove_prefix(8);
  }
  uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return mix(hash, rest);
}

Uuid identity_of_text(std::string_view text) {
  Uuid id;
  if (text.size() == 36 && parse_uuid(text.data(), text.size(), id)) return id;
  return {hash_of(text, 3), hash_of(text, 4)};
}

uint64_t identity_of_amount(__int128 amount) { return mix(static_cast<uint64_t>(amount), static_cast<uint64_t>(static_cast<unsigned __int128>(amount) >> 64)); }

}  // namespace millrace::audit

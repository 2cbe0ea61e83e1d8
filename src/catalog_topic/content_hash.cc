#include "catalog_topic/content_hash.h"

#include <xxhash.h>

#include <charconv>
#include <cstring>

namespace millrace::catalog_topic {
namespace {

using Sum = unsigned __int128;

Sum sum_of(const Uuid& hash) { return static_cast<Sum>(hash.high) << 64 | hash.low; }
Uuid hash_of(Sum sum) { return {static_cast<uint64_t>(sum >> 64), static_cast<uint64_t>(sum)}; }

Uuid xxh128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

Sum of_entry(EntryKind kind, std::string_view name, ContentHash content) {
  std::string bytes(kind == EntryKind::kRules ? "rules" : "table");
  bytes += '\0';
  bytes += name;
  bytes += '\0';
  bytes += to_string(content);
  return sum_of(xxh128(bytes));
}

}  // namespace

ContentHash content_hash(std::string_view bytes) { return ContentHash(xxh128(bytes)); }

CatalogHash with(CatalogHash hash, EntryKind kind, std::string_view name, ContentHash content) {
  return CatalogHash(hash_of(sum_of(hash.value) + of_entry(kind, name, content)));
}

CatalogHash without(CatalogHash hash, EntryKind kind, std::string_view name, ContentHash content) {
  return CatalogHash(hash_of(sum_of(hash.value) - of_entry(kind, name, content)));
}

std::string hash_text(const Uuid& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint64_t half : {hash.high, hash.low})
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[half >> shift & 15];
  return out;
}

std::optional<Uuid> parse_hash(std::string_view text) {
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != text.npos) return std::nullopt;
  Uuid hash;
  std::from_chars(text.data(), text.data() + 16, hash.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, hash.low, 16);
  return hash;
}

}  // namespace millrace::catalog_topic

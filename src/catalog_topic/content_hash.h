#pragma once
// What contents are called by: 128 bits of XXH3 (XXH128, seed 0), written as 32 hexadecimal digits.

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace millrace::catalog_topic {

using ContentHash = StrongId<struct ContentHashTag, Uuid>;  // of one rule set or reference table
using CatalogHash = StrongId<struct CatalogHashTag, Uuid>;  // of everything; that of an empty catalog is zero

enum class EntryKind : uint8_t { kRules, kTable };

ContentHash content_hash(std::string_view bytes);

// The catalog's hash is the sum, modulo 2^128, of XXH128(kind, 0, name, 0, content hash) over its entries: a function of what is in
// it, however it came there, and each change costs one addition.
CatalogHash with(CatalogHash hash, EntryKind kind, std::string_view name, ContentHash content);
CatalogHash without(CatalogHash hash, EntryKind kind, std::string_view name, ContentHash content);

std::string hash_text(const Uuid& hash);
inline std::string to_string(ContentHash hash) { return hash_text(hash.value); }
inline std::string to_string(CatalogHash hash) { return hash_text(hash.value); }
std::optional<Uuid> parse_hash(std::string_view text);  // 32 lower-case hexadecimal digits

}  // namespace millrace::catalog_topic

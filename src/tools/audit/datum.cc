#include "tools/audit/datum.h"

namespace millrace::audit {
namespace {

// Avro's int and long: zigzag, base 128, at most ten bytes.
std::optional<int64_t> integer(std::string_view& rest) {
  uint64_t value = 0;
  for (unsigned shift = 0, i = 0; i < 10 && i < rest.size(); ++i, shift += 7) {
    const auto byte = static_cast<uint8_t>(rest[i]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte & 0x80) continue;
    if (i == 9 && byte > 1) return {};
    rest.remove_prefix(i + 1);
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  return {};
}

std::optional<std::string_view> bytes(std::string_view& rest, uint64_t size) {
  if (size > rest.size()) return {};
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

}  // namespace

std::optional<Identity> DatumReader::read(std::string_view datum) const {
  Cursor cursor{datum};
  Identity identity;
  if (!walk(0, cursor, 0, Role::kNone, identity) || !cursor.rest.empty()) return {};
  return identity;
}

bool DatumReader::walk(uint32_t index, Cursor& cursor, int depth, Role role, Identity& identity) const {
  const Node& node = nodes_[index];
  switch (node.kind) {
    case Kind::kNull: return true;
    case Kind::kBoolean: {
      const auto byte = bytes(cursor.rest, 1);
      return byte && static_cast<uint8_t>((*byte)[0]) <= 1;
    }
    case Kind::kInt: {
      const auto value = integer(cursor.rest);
      return value && *value >= INT32_MIN && *value <= INT32_MAX;
    }
    case Kind::kLong: return integer(cursor.rest).has_value();
    case Kind::kFloat: return bytes(cursor.rest, 4).has_value();
    case Kind::kDouble: return bytes(cursor.rest, 8).has_value();
    case Kind::kEnum: {
      const auto value = integer(cursor.rest);
      return value && *value >= 0 && static_cast<uint64_t>(*value) < node.size;
    }
    case Kind::kText: {
      const auto size = integer(cursor.rest);
      const auto text = size && *size >= 0 ? bytes(cursor.rest, static_cast<uint64_t>(*size)) : std::nullopt;
      if (text && role != Role::kNone) take(node, *text, role, identity);
      return text.has_value();
    }
    case Kind::kFixed: {
      const auto text = bytes(cursor.rest, node.size);
      if (text && role != Role::kNone) take(node, *text, role, identity);
      return text.has_value();
    }
    case Kind::kUnion: {
      const auto branch = integer(cursor.rest);
      return branch && *branch >= 0 && static_cast<uint64_t>(*branch) < node.children.size() &&
             walk(node.children[static_cast<size_t>(*branch)], cursor, depth, role, identity);
    }
    case Kind::kRecord:
      if (depth > 1000) return false;
      for (size_t i = 0; i < node.children.size(); ++i)
        if (!walk(node.children[i], cursor, depth + 1, depth == 0 && !node.roles.empty() ? node.roles[i] : Role::kNone, identity)) return false;
      return true;
    case Kind::kArray:
    case Kind::kMap: return depth <= 1000 && walk_blocks(node, cursor, depth + 1, identity);
  }
  return false;
}

bool DatumReader::walk_blocks(const Node& node, Cursor& cursor, int depth, Identity& identity) const {
  for (;;) {
    auto count = integer(cursor.rest);
    if (!count) return false;
    if (*count == 0) return true;
    if (*count < 0) {  // the block's size in bytes follows
      if (*count == INT64_MIN || !integer(cursor.rest)) return false;
      count = -*count;
    }
    for (int64_t i = 0; i < *count; ++i) {
      const size_t before = cursor.rest.size();
      if (node.kind == Kind::kMap) {
        const auto size = integer(cursor.rest);
        if (!size || *size < 0 || !bytes(cursor.rest, static_cast<uint64_t>(*size))) return false;
      }
      if (!walk(node.children[0], cursor, depth, Role::kNone, identity)) return false;
      if (cursor.rest.size() == before && cursor.free_elements-- == 0) return false;
    }
  }
}

void DatumReader::take(const Node& node, std::string_view bytes, Role role, Identity& identity) {
  if (role == Role::kEventId) {
    identity.event_id = identity_of_text(bytes);
    identity.has_event_id = true;
  } else if (role == Role::kTenant) {
    identity.tenant = hash_of(bytes);
    identity.has_tenant = true;
  } else if (role == Role::kAmount && node.decimal && bytes.size() <= 16 && node.scale <= 18) {
    __int128 value = !bytes.empty() && (bytes[0] & 0x80) ? -1 : 0;
    for (const char byte : bytes) value = static_cast<__int128>((static_cast<unsigned __int128>(value) << 8) | static_cast<uint8_t>(byte));
    for (int i = node.scale; i < 18; ++i) value *= 10;
    identity.amount = identity_of_amount(value);
    identity.has_amount = true;
  }
}

}  // namespace millrace::audit

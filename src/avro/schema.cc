#include "avro/schema.h"

#include <array>
#include <set>

namespace millrace::avro {
namespace {

constexpr auto kTypeNames =
    std::to_array<const char*>({"null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum", "array", "map", "union", "fixed"});
constexpr auto kLogicalNames =
    std::to_array<const char*>({"", "decimal", "big-decimal", "uuid", "date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros",
                                "timestamp-nanos", "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos", "duration"});

// Names and symbols are [A-Za-z0-9_.] only, so nothing needs escaping.
void put_canonical(const Node& node, std::set<const Node*>& seen, std::string& out) {
  auto quoted = [&](std::string_view text) { out.append("\"").append(text).append("\""); };
  if (node.named() && !seen.insert(&node).second) return quoted(node.name);
  auto named = [&](std::string_view type) { out += "{\"name\":", quoted(node.name), out += ",\"type\":", quoted(type); };
  switch (node.type) {
    case Type::kRecord:
      named("record"), out += ",\"fields\":[";
      for (const Field& field : node.fields) {
        if (&field != node.fields.data()) out += ',';
        out += "{\"name\":", quoted(field.name), out += ",\"type\":", put_canonical(*field.type, seen, out), out += '}';
      }
      out += "]}";
      return;
    case Type::kEnum:
      named("enum"), out += ",\"symbols\":[";
      for (const std::string& symbol : node.symbols) {
        if (&symbol != node.symbols.data()) out += ',';
        quoted(symbol);
      }
      out += "]}";
      return;
    case Type::kFixed: named("fixed"), out += ",\"size\":" + std::to_string(node.size) + "}"; return;
    case Type::kArray: out += "{\"type\":\"array\",\"items\":", put_canonical(*node.items, seen, out), out += '}'; return;
    case Type::kMap: out += "{\"type\":\"map\",\"values\":", put_canonical(*node.items, seen, out), out += '}'; return;
    case Type::kUnion:
      out += '[';
      for (size_t i = 0; i < node.branches.size(); ++i) {
        if (i > 0) out += ',';
        put_canonical(*node.branches[i], seen, out);
      }
      out += ']';
      return;
    default: return quoted(type_name(node.type));
  }
}

constexpr uint64_t kEmptyFingerprint = 0xc15d213aa4d7a795;
constexpr std::array<uint64_t, 256> kCrcTable = [] {
  std::array<uint64_t, 256> table{};
  for (uint64_t i = 0; i < 256; ++i) {
    uint64_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (kEmptyFingerprint & (~(value & 1) + 1));
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::string_view Node::short_name() const { return std::string_view(name).substr(name.rfind('.') + 1); }
std::string_view Node::name_space() const {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(name).substr(0, dot);
}

const char* type_name(Type type) { return kTypeNames[static_cast<size_t>(type)]; }
const char* logical_name(Logical logical) { return kLogicalNames[static_cast<size_t>(logical)]; }
std::string describe(const Node& node) { return node.named() ? std::string(type_name(node.type)) + " " + node.name : type_name(node.type); }

std::string canonical_form(const Node& root) {
  std::string out;
  std::set<const Node*> seen;
  put_canonical(root, seen, out);
  return out;
}

uint64_t crc64_avro(std::string_view bytes) {
  uint64_t value = kEmptyFingerprint;
  for (const char c : bytes) value = (value >> 8) ^ kCrcTable[(value ^ static_cast<unsigned char>(c)) & 0xff];
  return value;
}

}  // namespace millrace::avro

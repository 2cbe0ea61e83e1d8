#include "avro/default_value.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/result.h"

namespace millrace::avro {
namespace {

using nlohmann::json;

void put_long(std::string& out, int64_t value) {
  uint64_t raw = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; raw >= 0x80; raw >>= 7) out += static_cast<char>(raw | 0x80);
  out += static_cast<char>(raw);
}
template <class T>
void put_raw(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
// Code points 0 to 255 of a JSON string are the bytes.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80 || i + 1 == text.size()) bytes += text[i];
    else bytes += static_cast<char>(((c & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return bytes;
}
bool fits(const Node& node, const json& value) {
  switch (node.type) {
    case NodeType::kNull: return value.is_null();
    case NodeType::kBoolean: return value.is_boolean();
    case NodeType::kInt: case NodeType::kLong: return value.is_number_integer();
    case NodeType::kFloat: case NodeType::kDouble: return value.is_number();
    case NodeType::kBytes: case NodeType::kString: case NodeType::kFixed: return value.is_string();
    case NodeType::kEnum: return value.is_string() && std::find(node.symbols.begin(), node.symbols.end(), value.get<std::string>()) != node.symbols.end();
    case NodeType::kArray: return value.is_array() && std::all_of(value.begin(), value.end(), [&](const json& e) { return fits(*node.element, e); });
    case NodeType::kMap: return value.is_object() && std::all_of(value.begin(), value.end(), [&](const json& e) { return fits(*node.element, e); });
    case NodeType::kRecord:
      return value.is_object() && std::all_of(node.fields.begin(), node.fields.end(), [&](const Field& field) {
               return value.contains(field.name) ? fits(*field.type, value[field.name]) : field.has_default();
             });
    case NodeType::kUnion: return std::any_of(node.branches.begin(), node.branches.end(), [&](const Node* b) { return fits(*b, value); });
  }
  return false;
}

void encode(const Node& node, const json& value, std::string& out) {
  switch (node.type) {
    case NodeType::kNull: return;
    case NodeType::kBoolean: out += static_cast<char>(value.get<bool>()); return;
    case NodeType::kInt: case NodeType::kLong: return put_long(out, value.get<int64_t>());
    case NodeType::kFloat: return put_raw(out, value.get<float>());
    case NodeType::kDouble: return put_raw(out, value.get<double>());
    case NodeType::kFixed: out += bytes_of(value.get<std::string>()); return;
    case NodeType::kBytes: case NodeType::kString: {
      const std::string text = node.type == NodeType::kBytes ? bytes_of(value.get<std::string>()) : value.get<std::string>();
      put_long(out, static_cast<int64_t>(text.size()));
      out += text;
      return;
    }
    case NodeType::kEnum:
      return put_long(out, std::find(node.symbols.begin(), node.symbols.end(), value.get<std::string>()) - node.symbols.begin());
    case NodeType::kArray: case NodeType::kMap:
      if (!value.empty()) put_long(out, static_cast<int64_t>(value.size()));
      for (auto item = value.begin(); item != value.end(); ++item) {
        if (node.type == NodeType::kMap) put_long(out, static_cast<int64_t>(item.key().size())), out += item.key();
        encode(*node.element, *item, out);
      }
      return put_long(out, 0);
    case NodeType::kRecord:
      for (const Field& field : node.fields) {
        if (value.contains(field.name)) encode(*field.type, value[field.name], out);
        else encode_default(field, out);
      }
      return;
    case NodeType::kUnion: {
      const auto branch = std::find_if(node.branches.begin(), node.branches.end(), [&](const Node* b) { return fits(*b, value); });
      MILLRACE_CHECK(branch != node.branches.end(), "the parser refuses a default that fits no branch");
      put_long(out, branch - node.branches.begin());
      return encode(**branch, value, out);
    }
  }
}

}  // namespace

void encode_default(const Field& field, std::string& out) { encode(*field.type, json::parse(field.default_json()), out); }

}  // namespace millrace::avro

#include "avro/default_value.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "avro/encoder.h"

namespace millrace::avro {
namespace {

using json = nlohmann::ordered_json;

// A value for a message, at no cost that grows with it.
std::string shown(const json& value) {
  if (value.is_string()) return json(value.get_ref<const std::string&>().substr(0, 60)).dump(-1, ' ', false, json::error_handler_t::replace);
  if (value.is_structured()) return (value.is_array() ? "an array of " : "an object of ") + std::to_string(value.size());
  return value.dump();
}
std::string below(const std::string& at, const std::string& step) { return at.size() > 500 ? at : at + step.substr(0, 100); }

class DefaultEncoder {
 public:
  explicit DefaultEncoder(DefaultBudget& budget) : budget_(budget) {}

  // Empty: it went well. `at` is the place inside of the value.
  std::string encode(const Node& type, const json& value, const std::string& at, std::string& out) {
    if (--budget_.values < 0 || depth_ >= kDepthMax || budget_.bytes == 0)
      return at + ": the default never ends, or the schema's defaults are too large together: does a record contain itself by defaults?";
    ++depth_;
    const size_t before = out.size();
    std::string wrong = encode_now(type, value, at, out);
    if (out.size() > before && value.is_primitive()) charge(out.size() - before);
    --depth_;
    return wrong;
  }

 private:
  static constexpr int kDepthMax = 100;

  void charge(size_t bytes) { budget_.bytes -= std::min(budget_.bytes, bytes); }
  static std::string mismatch(const Node& type, const json& value, const std::string& at) {
    return at + ": " + shown(value) + " is no value of " + describe(type);
  }

  std::string encode_now(const Node& type, const json& value, const std::string& at, std::string& out) {
    Encoder to(out);
    switch (type.type) {
      case Type::kNull: return value.is_null() ? "" : mismatch(type, value, at);
      case Type::kBoolean:
        if (!value.is_boolean()) return mismatch(type, value, at);
        to.boolean(value.get<bool>());
        return "";
      case Type::kInt:
      case Type::kLong: {
        if (!value.is_number_integer()) return mismatch(type, value, at);
        if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) return mismatch(type, value, at);
        const auto number = value.get<int64_t>();
        if (type.type == Type::kInt && number != static_cast<int32_t>(number)) return mismatch(type, value, at);
        to.long_(number);
        return "";
      }
      case Type::kFloat:
      case Type::kDouble:
        if (!value.is_number()) return mismatch(type, value, at);
        if (type.type == Type::kFloat)
          to.float_(value.get<float>());
        else
          to.double_(value.get<double>());
        return "";
      case Type::kString:
        if (!value.is_string()) return mismatch(type, value, at);
        to.string(value.get_ref<const std::string&>());
        return "";
      case Type::kBytes:
      case Type::kFixed: return encode_bytes(type, value, at, to);
      case Type::kEnum: {
        if (!value.is_string()) return mismatch(type, value, at);
        const auto symbol = std::find(type.symbols.begin(), type.symbols.end(), value.get_ref<const std::string&>());
        if (symbol == type.symbols.end()) return mismatch(type, value, at);
        to.enum_symbol(static_cast<int>(symbol - type.symbols.begin()));
        return "";
      }
      case Type::kArray:
      case Type::kMap: {
        const bool map = type.type == Type::kMap;
        if (map ? !value.is_object() : !value.is_array()) return mismatch(type, value, at);
        to.block(static_cast<int64_t>(value.size()));
        int index = 0;
        for (auto item = value.begin(); item != value.end(); ++item, ++index) {
          if (map) to.string(item.key());
          const std::string where = below(at, map ? "." + item.key() : "[" + std::to_string(index) + "]");
          if (auto wrong = encode(*type.items, *item, where, out); !wrong.empty()) return wrong;
        }
        to.end_blocks();
        return "";
      }
      case Type::kRecord: return encode_record(type, value, at, out);
      case Type::kUnion:
        for (size_t i = 0; i < type.branches.size(); ++i) {
          const size_t before = out.size();
          to.union_branch(static_cast<int>(i));
          if (encode(*type.branches[i], value, at, out).empty()) return "";
          out.resize(before);
        }
        return mismatch(type, value, at);
    }
    return mismatch(type, value, at);
  }

  static std::string encode_bytes(const Node& type, const json& value, const std::string& at, Encoder& to) {
    if (!value.is_string()) return mismatch(type, value, at);
    const auto& text = value.get_ref<const std::string&>();
    if (type.type == Type::kFixed && text.size() > 2 * static_cast<size_t>(type.size)) return mismatch(type, value, at);
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c < 0x80)
        bytes += text[i];
      else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size())
        bytes += static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
      else
        return at + ": a default of " + describe(type) + " is a string of code points 0 to 255, one for each byte";
    }
    if (type.type == Type::kBytes)
      to.bytes(bytes);
    else if (bytes.size() != static_cast<size_t>(type.size))
      return at + ": has " + std::to_string(bytes.size()) + " bytes, " + describe(type) + " has " + std::to_string(type.size);
    else
      to.fixed(bytes);
    return "";
  }

  std::string encode_record(const Node& type, const json& value, const std::string& at, std::string& out) {
    if (!value.is_object()) return mismatch(type, value, at);
    for (const Field& field : type.fields) {
      const auto given = value.find(field.name);
      const std::string where = below(at, "." + field.name);
      if (given == value.end() && field.default_json.empty()) return where + ": is missing, and the field has no default";
      json own;
      if (given == value.end()) charge(field.default_json.size()), own = json::parse(field.default_json);
      if (auto wrong = encode(*field.type, given != value.end() ? *given : own, where, out); !wrong.empty()) return wrong;
    }
    return "";
  }

  DefaultBudget& budget_;
  int depth_ = 0;
};

}  // namespace

Status encode_default(const Node& type, std::string_view text, DefaultBudget& budget, std::string& out) {
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return permanent("default: is no JSON");
  const size_t before = out.size();
  std::string wrong = DefaultEncoder(budget).encode(type, value, "default", out);
  if (wrong.empty()) return {};
  out.resize(before);
  return permanent(std::move(wrong));
}

}  // namespace millrace::avro

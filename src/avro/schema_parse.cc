// Schema::parse: JSON to nodes, depth first and left to right, as the specification has names defined before they are used.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "avro/default_value.h"
#include "avro/schema.h"

namespace millrace::avro {

using json = nlohmann::ordered_json;

namespace {

struct Wrong {  // ends the parse; never leaves this file
  std::string message;
};
[[noreturn]] void fail(const std::string& at, const std::string& what) { throw Wrong{(at.empty() ? "schema" : at) + ": " + what}; }

std::string shown(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 80); }

// A place below `at`; bounded, since a schema may have names of a megabyte, and many places.
std::string below(const std::string& at, const std::string& step) {
  if (at.size() > 500) return at;
  return at + (at.empty() || step[0] == '[' ? "" : ".") + step.substr(0, 200);
}
// JSON whose objects have few keys: reading one takes time in the square of their number.
json read_json(std::string_view text) {
  constexpr int kKeysMax = 1000;
  std::vector<int> keys;
  return json::parse(text, [&](int, json::parse_event_t event, json&) {
    if (event == json::parse_event_t::object_start) keys.push_back(0);
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && ++keys.back() > kKeysMax) fail("", "has an object with more than " + std::to_string(kKeysMax) + " keys");
    return true;
  });
}

bool is_name(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}
bool is_dotted_name(std::string_view text) {
  for (size_t begin = 0;;) {
    const size_t dot = text.find('.', begin);
    if (!is_name(text.substr(begin, dot == text.npos ? dot : dot - begin))) return false;
    if (dot == text.npos) return true;
    begin = dot + 1;
  }
}
const Type* primitive(std::string_view name) {
  static const std::map<std::string_view, Type> kTypes = {{"null", Type::kNull},   {"boolean", Type::kBoolean}, {"int", Type::kInt},
                                                          {"long", Type::kLong},   {"float", Type::kFloat},     {"double", Type::kDouble},
                                                          {"bytes", Type::kBytes}, {"string", Type::kString}};
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? nullptr : &found->second;
}
// Nesting of brackets outside of strings: recursion below is bounded by it.
size_t nesting(std::string_view text) {
  size_t depth = 0, most = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '['))
      most = std::max(most, ++depth);
    else if (!quoted && (c == '}' || c == ']') && depth > 0)
      --depth;
  }
  return most;
}
// Most decimal digits that a two's complement number of so many bytes surely holds.
int digits_of(int64_t bytes) {
  return bytes > 0 ? static_cast<int>(std::floor((8.0 * static_cast<double>(std::min<int64_t>(bytes, 1000)) - 1) * std::log10(2.0))) : 0;
}

const std::string* text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? &found->get_ref<const std::string&>() : nullptr;
}
std::vector<std::string> texts_of(const json& object, const char* key, const std::string& at) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end()) return texts;
  if (!found->is_array()) fail(at + "." + key, "must be an array of strings, is " + shown(*found));
  for (const json& item : *found) {
    if (!item.is_string()) fail(at + "." + key, "must be an array of strings, has " + shown(item));
    texts.push_back(item.get<std::string>());
  }
  return texts;
}
Properties properties_of(const json& object, const std::set<std::string_view>& known) {
  Properties properties;
  for (auto item = object.begin(); item != object.end(); ++item)
    if (!known.contains(item.key())) properties.emplace_back(item.key(), item->dump());
  return properties;
}

}  // namespace

class SchemaParser {
 public:
  explicit SchemaParser(Schema& schema) : schema_(schema) {}

  void run(const json& root) {
    schema_.root_ = parse(root, "", "");
    DefaultBudget budget;
    for (const auto& [node, index, at] : defaults_) {
      Field& field = node->fields[index];
      std::string binary;
      if (auto done = encode_default(*field.type, field.default_json, budget, binary); !done) fail(at, done.error().message);
      field.default_binary = std::move(binary);
    }
  }

 private:
  Node* add(Type type) {
    schema_.nodes_.push_back(std::make_unique<Node>());
    Node* node = schema_.nodes_.back().get();
    node->type = type, node->id = static_cast<int>(schema_.nodes_.size()) - 1;
    return node;
  }

  const Node* parse(const json& value, const std::string& space, const std::string& at) {
    if (value.is_string()) return named(value.get_ref<const std::string&>(), space, at);
    if (value.is_array()) return parse_union(value, space, at);
    if (!value.is_object()) fail(at, "a schema is a name, an object or an array (a union), not " + shown(value));
    const std::string* type = text_of(value, "type");
    if (type == nullptr) fail(at, "needs a \"type\" that is a string (" + shown(value) + ")");
    if (const Type* simple = primitive(*type)) {
      Node* node = add(*simple);
      node->properties = properties_of(value, {"type", "logicalType", "precision", "scale"});
      set_logical(*node, value);
      return node;
    }
    if (*type == "record" || *type == "error") return parse_record(value, space, at);
    if (*type == "enum") return parse_enum(value, space, at);
    if (*type == "fixed") return parse_fixed(value, space, at);
    if (*type == "array" || *type == "map") {
      const bool map = *type == "map";
      const char* const key = map ? "values" : "items";
      if (!value.contains(key)) fail(at, *type + " needs \"" + key + "\", the schema of its " + key);
      Node* node = add(map ? Type::kMap : Type::kArray);
      node->properties = properties_of(value, {"type", key});
      node->items = parse(value[key], space, below(at, key));
      return node;
    }
    return named(*type, space, at);
  }

  const Node* named(const std::string& name, const std::string& space, const std::string& at) {
    if (const Type* simple = primitive(name)) return add(*simple);
    const bool dotted = name.find('.') != std::string::npos;
    auto found = names_.find(dotted || space.empty() ? name : space + "." + name);
    if (found == names_.end()) found = names_.find(name);
    if (found == names_.end()) fail(at, "unknown type \"" + name + "\": neither a type of Avro nor a name that was defined before this place");
    return found->second;
  }

  const Node* parse_union(const json& value, const std::string& space, const std::string& at) {
    constexpr size_t kBranchesMax = 1000;  // resolving two unions takes time in the product of their branches
    if (value.size() > kBranchesMax) fail(at, "the union has more than " + std::to_string(kBranchesMax) + " branches");
    Node* node = add(Type::kUnion);
    std::set<std::string> seen;
    for (size_t i = 0; i < value.size(); ++i) {
      const std::string where = below(at, "[" + std::to_string(i) + "]");
      const Node* branch = parse(value[i], space, where);
      if (branch->type == Type::kUnion) fail(where, "a union may not directly contain a union: put its branches into the outer one");
      if (!seen.insert(branch->named() ? branch->name : type_name(branch->type)).second)
        fail(where, "the union has " + describe(*branch) + " twice; only record, enum and fixed of different names may repeat");
      node->branches.push_back(branch);
    }
    return node;
  }

  // Name, namespace, aliases and doc; the name can be used from here on.
  Node* define(Type type, const json& value, const std::string& outer, std::string& space, const std::string& at) {
    Node* node = add(type);
    const std::string* name = text_of(value, "name");
    if (name == nullptr) fail(at, std::string(type_name(type)) + " needs a \"name\" that is a string");
    const std::string* given = text_of(value, "namespace");
    if (value.contains("namespace") && given == nullptr && !value["namespace"].is_null())
      fail(at + ".namespace", "must be a string, is " + shown(value["namespace"]));
    if (name->find('.') != std::string::npos)
      node->name = *name;
    else
      node->name = given != nullptr ? (given->empty() ? *name : *given + "." + *name) : (outer.empty() ? *name : outer + "." + *name);
    if (!is_dotted_name(node->name))
      fail(at, "\"" + node->name + "\" is no name: names are letters, digits and _, not beginning with a digit, with dots between them");
    if (primitive(node->name) != nullptr) fail(at, "\"" + node->name + "\" is the name of a type of Avro; choose another");
    if (!names_.emplace(node->name, node).second) fail(at, "\"" + node->name + "\" is defined twice; refer to it by its name the second time");
    space = node->name_space();
    for (const std::string& alias : texts_of(value, "aliases", at)) {
      if (!is_dotted_name(alias)) fail(at + ".aliases", "\"" + alias + "\" is no name");
      node->aliases.push_back(alias.find('.') == std::string::npos && !space.empty() ? space + "." + alias : alias);
    }
    if (const std::string* doc = text_of(value, "doc")) node->doc = *doc;
    return node;
  }

  const Node* parse_record(const json& value, const std::string& outer, const std::string& at) {
    std::string space;
    Node* node = define(Type::kRecord, value, outer, space, at);
    node->properties = properties_of(value, {"type", "name", "namespace", "aliases", "doc", "fields"});
    const auto fields = value.find("fields");
    if (fields == value.end() || !fields->is_array()) fail(at, describe(*node) + " needs \"fields\", an array");
    std::set<std::string> seen;
    std::vector<Field> parsed;
    for (size_t i = 0; i < fields->size(); ++i) {
      const json& item = (*fields)[i];
      std::string where = below(at, "fields[" + std::to_string(i) + "]");
      const std::string* name = item.is_object() ? text_of(item, "name") : nullptr;
      if (name == nullptr) fail(where, "a field is an object with a \"name\" that is a string");
      where += " \"" + name->substr(0, 100) + "\"";
      if (!is_name(*name)) fail(where, "is no name: names are letters, digits and _, not beginning with a digit");
      if (!seen.insert(*name).second) fail(where, describe(*node) + " has two fields of this name");
      if (!item.contains("type")) fail(where, "needs a \"type\"");
      Field field;
      field.name = *name;
      if (const std::string* doc = text_of(item, "doc")) field.doc = *doc;
      field.aliases = texts_of(item, "aliases", where);
      field.order = parse_order(item, where);
      field.properties = properties_of(item, {"name", "type", "doc", "aliases", "order", "default"});
      field.type = parse(item["type"], space, below(where, "type"));
      if (const auto value_given = item.find("default"); value_given != item.end()) {
        field.default_json = value_given->dump();
        defaults_.push_back({node, i, where});
      }
      parsed.push_back(std::move(field));
    }
    node->fields = std::move(parsed);
    return node;
  }

  static Order parse_order(const json& item, const std::string& at) {
    const auto order = item.find("order");
    if (order == item.end() || *order == "ascending") return Order::kAscending;
    if (*order == "descending") return Order::kDescending;
    if (*order == "ignore") return Order::kIgnore;
    fail(at + ".order", "is ascending, descending or ignore, not " + shown(*order));
  }

  const Node* parse_enum(const json& value, const std::string& outer, const std::string& at) {
    std::string space;
    Node* node = define(Type::kEnum, value, outer, space, at);
    node->properties = properties_of(value, {"type", "name", "namespace", "aliases", "doc", "symbols", "default"});
    if (!value.contains("symbols")) fail(at, describe(*node) + " needs \"symbols\", an array of names");
    node->symbols = texts_of(value, "symbols", at);
    std::set<std::string_view> seen;
    for (const std::string& symbol : node->symbols) {
      if (!is_name(symbol)) fail(at + ".symbols", "\"" + symbol + "\" is no name: letters, digits and _, not beginning with a digit");
      if (!seen.insert(symbol).second) fail(at + ".symbols", "\"" + symbol + "\" is there twice");
    }
    if (const auto given = value.find("default"); given != value.end()) {
      const auto found = given->is_string() ? std::find(node->symbols.begin(), node->symbols.end(), given->get<std::string>()) : node->symbols.end();
      if (found == node->symbols.end()) fail(at + ".default", shown(*given) + " is none of the symbols");
      node->enum_default = static_cast<int>(found - node->symbols.begin());
    }
    return node;
  }

  const Node* parse_fixed(const json& value, const std::string& outer, const std::string& at) {
    std::string space;
    Node* node = define(Type::kFixed, value, outer, space, at);
    node->properties = properties_of(value, {"type", "name", "namespace", "aliases", "doc", "size", "logicalType", "precision", "scale"});
    const auto size = value.find("size");
    if (size == value.end() || !size->is_number_integer() || *size < 0 || *size > INT32_MAX)
      fail(at, describe(*node) + " needs a \"size\" from 0 to 2147483647, the number of its bytes");
    node->size = size->get<int64_t>();
    set_logical(*node, value);
    return node;
  }

  // What isn't valid stays Logical::kNone.
  static void set_logical(Node& node, const json& value) {
    const std::string* name = text_of(value, "logicalType");
    if (name == nullptr) return;
    using L = Logical;
    static const std::map<std::pair<Type, std::string_view>, L> kPlain = {{{Type::kBytes, "big-decimal"}, L::kBigDecimal},
                                                                          {{Type::kString, "uuid"}, L::kUuid},
                                                                          {{Type::kInt, "date"}, L::kDate},
                                                                          {{Type::kInt, "time-millis"}, L::kTimeMillis},
                                                                          {{Type::kLong, "time-micros"}, L::kTimeMicros},
                                                                          {{Type::kLong, "timestamp-millis"}, L::kTimestampMillis},
                                                                          {{Type::kLong, "timestamp-micros"}, L::kTimestampMicros},
                                                                          {{Type::kLong, "timestamp-nanos"}, L::kTimestampNanos},
                                                                          {{Type::kLong, "local-timestamp-millis"}, L::kLocalTimestampMillis},
                                                                          {{Type::kLong, "local-timestamp-micros"}, L::kLocalTimestampMicros},
                                                                          {{Type::kLong, "local-timestamp-nanos"}, L::kLocalTimestampNanos}};
    if (const auto found = kPlain.find({node.type, *name}); found != kPlain.end()) node.logical = found->second;
    if (node.type == Type::kFixed && *name == "uuid" && node.size == 16) node.logical = L::kUuid;
    if (node.type == Type::kFixed && *name == "duration" && node.size == 12) node.logical = L::kDuration;
    if (*name != "decimal" || (node.type != Type::kFixed && node.type != Type::kBytes)) return;
    auto number = [&](const char* key, int64_t otherwise) {
      const auto found = value.find(key);
      if (found == value.end()) return otherwise;
      return found->is_number_integer() ? found->get<int64_t>() : int64_t{-1};
    };
    const int64_t precision = number("precision", -1), scale = number("scale", 0);
    if (precision < 1 || precision > INT32_MAX || scale < 0 || scale > precision) return;
    if (node.type == Type::kFixed && precision > digits_of(node.size)) return;
    node.logical = L::kDecimal, node.precision = static_cast<int>(precision), node.scale = static_cast<int>(scale);
  }

  struct Default {
    Node* node;
    size_t field;
    std::string at;
  };
  Schema& schema_;
  std::map<std::string, const Node*> names_;
  std::vector<Default> defaults_;
};

Result<SchemaPtr> Schema::parse(std::string_view text) {
  constexpr size_t kNestingMax = 200, kBytesMax = size_t{4} << 20;
  if (text.size() > kBytesMax) return permanent("schema: longer than 4 MiB");
  if (nesting(text) > kNestingMax) return permanent("schema: more than 200 brackets inside each other; give inner types names");
  std::shared_ptr<Schema> schema(new Schema);
  try {
    SchemaParser(*schema).run(read_json(text));
  } catch (const Wrong& wrong) {
    return permanent(wrong.message);
  } catch (const json::exception& error) {
    return permanent(std::string("schema: is no JSON: ") + error.what());
  }
  schema->text_ = text;
  schema->canonical_ = canonical_form(*schema->root_);
  schema->fingerprint_ = crc64_avro(schema->canonical_);
  return schema;
}

}  // namespace millrace::avro

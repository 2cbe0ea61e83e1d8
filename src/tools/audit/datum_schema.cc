// Schema JSON to the nodes that DatumReader walks.
#include <map>
#include <nlohmann/json.hpp>

#include "tools/audit/datum.h"

namespace millrace::audit {

class SchemaCompiler {
 public:
  explicit SchemaCompiler(DatumReader& reader) : reader_(reader) {}

  uint32_t compile(const nlohmann::json& schema, const std::string& space) {
    if (schema.is_string()) return named(schema.get<std::string>(), space);
    const auto index = static_cast<uint32_t>(reader_.nodes_.size());
    if (schema.is_array()) {
      reader_.nodes_.emplace_back().kind = Kind::kUnion;
      for (const nlohmann::json& branch : schema) add_child(index, compile(branch, space));
      return index;
    }
    if (!schema.is_object()) throw std::invalid_argument("neither name, union nor object: " + schema.dump());
    const nlohmann::json& type = schema.at("type");
    if (!type.is_string()) return compile(type, space);
    const auto text = type.get<std::string>();
    if (text == "record" || text == "error") return record(schema, space);
    if (text == "array" || text == "map") {
      reader_.nodes_.emplace_back().kind = text == "array" ? Kind::kArray : Kind::kMap;
      add_child(index, compile(schema.at(text == "array" ? "items" : "values"), space));
      return index;
    }
    if (text == "enum" || text == "fixed") {
      auto& node = reader_.nodes_.emplace_back();
      node.kind = text == "enum" ? Kind::kEnum : Kind::kFixed;
      node.size = text == "enum" ? schema.at("symbols").size() : schema.at("size").get<uint64_t>();
      logical(node, schema);
      declare(schema, space, index);
      return index;
    }
    const uint32_t made = named(text, space);
    logical(reader_.nodes_[made], schema);
    return made;
  }

 private:
  using Kind = DatumReader::Kind;
  using Role = DatumReader::Role;

  uint32_t named(const std::string& name, const std::string& space) {
    static const std::map<std::string, Kind> kPrimitive = {{"null", Kind::kNull},  {"boolean", Kind::kBoolean}, {"int", Kind::kInt},
                                                           {"long", Kind::kLong},  {"float", Kind::kFloat},     {"double", Kind::kDouble},
                                                           {"bytes", Kind::kText}, {"string", Kind::kText}};
    if (const auto primitive = kPrimitive.find(name); primitive != kPrimitive.end()) {
      reader_.nodes_.emplace_back().kind = primitive->second;
      return static_cast<uint32_t>(reader_.nodes_.size() - 1);
    }
    const std::string full = name.find('.') != name.npos || space.empty() ? name : space + "." + name;
    for (const std::string& candidate : {full, name})
      if (const auto found = names_.find(candidate); found != names_.end()) return found->second;
    throw std::invalid_argument("unknown type " + full);
  }

  // Returns the namespace for what is inside.
  std::string declare(const nlohmann::json& schema, const std::string& space, uint32_t index) {
    const auto name = schema.at("name").get<std::string>();
    const size_t dot = name.rfind('.');
    const std::string inner = dot != name.npos ? name.substr(0, dot) : schema.value("namespace", space);
    names_[dot != name.npos || inner.empty() ? name : inner + "." + name] = index;
    return inner;
  }

  uint32_t record(const nlohmann::json& schema, const std::string& space) {
    const auto index = static_cast<uint32_t>(reader_.nodes_.size());
    reader_.nodes_.emplace_back().kind = Kind::kRecord;
    const std::string inner = declare(schema, space, index);
    for (const nlohmann::json& field : schema.at("fields")) {
      add_child(index, compile(field.at("type"), inner));
      if (index != 0) continue;
      const auto name = field.at("name").get<std::string>();
      reader_.nodes_[0].roles.push_back(name == "event_id"                        ? Role::kEventId
                                        : name == "tenant" || name == "tenant_id" ? Role::kTenant
                                        : name == "amount"                        ? Role::kAmount
                                                                                  : Role::kNone);
    }
    return index;
  }

  static void logical(DatumReader::Node& node, const nlohmann::json& schema) {
    if (schema.value("logicalType", "") != "decimal") return;
    node.decimal = true;
    node.scale = schema.value("scale", 0);
  }

  void add_child(uint32_t parent, uint32_t child) { reader_.nodes_[parent].children.push_back(child); }

  DatumReader& reader_;
  std::map<std::string, uint32_t> names_;
};

Result<DatumReader> DatumReader::compile(const std::string& schema) {
  DatumReader reader;
  try {
    // The root comes out as node 0 also where `{"type": {"type": "record" …}}` wraps it.
    SchemaCompiler(reader).compile(nlohmann::json::parse(schema), "");
  } catch (const std::exception& error) {
    return permanent(std::string("schema: ") + error.what());
  }
  return reader;
}

}  // namespace millrace::audit

#include "services/registry/stored_form.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>

namespace millrace::registry {
namespace {

using nlohmann::ordered_json;
constexpr auto kPrimitives = std::to_array<std::string_view>({"null", "boolean", "int", "long", "float", "double", "bytes", "string"});

bool is_primitive(std::string_view name) { return std::ranges::find(kPrimitives, name) != kPrimitives.end(); }

struct Name {
  std::string space, name;
};

Name split(const std::string& full, const std::string& space_otherwise) {
  const size_t dot = full.rfind('.');
  if (dot == std::string::npos) return {space_otherwise, full};
  return {full.substr(0, dot), full.substr(dot + 1)};
}

// Copies what the form has not put yet: attributes that the specification doesn't know keep their order.
void put_rest(ordered_json& to, const ordered_json& from, std::initializer_list<const char*> known) {
  for (const auto& item : from.items())
    if (std::ranges::find(known, item.key(), [](const char* k) { return std::string_view(k); }) == known.end()) to[item.key()] = item.value();
}
void put_if_there(ordered_json& to, const ordered_json& from, const char* name) {
  if (from.contains(name)) to[name] = from[name];
}
void put_unless_empty(ordered_json& to, const ordered_json& from, const char* name) {
  if (from.contains(name) && !from[name].empty()) to[name] = from[name];
}

ordered_json form(const ordered_json& schema, const std::string& space);

ordered_json form_of_field(const ordered_json& field, const std::string& space) {
  ordered_json out;
  out["name"] = field["name"];
  out["type"] = form(field["type"], space);
  put_if_there(out, field, "doc");
  put_if_there(out, field, "default");
  if (field.contains("order") && field["order"] != "ascending") out["order"] = field["order"];
  put_unless_empty(out, field, "aliases");
  put_rest(out, field, {"name", "type", "doc", "default", "order", "aliases"});
  return out;
}

ordered_json form_of_named(const ordered_json& schema, const std::string& type, const std::string& enclosing) {
  const std::string written = schema["name"].get<std::string>();
  const auto space_given = schema.find("namespace");
  const Name name = split(written, space_given != schema.end() && space_given->is_string() ? space_given->get<std::string>() : enclosing);
  ordered_json out;
  out["type"] = type;
  out["name"] = name.name;
  if (name.space != enclosing) out["namespace"] = name.space;
  put_if_there(out, schema, "doc");
  if (type == "enum") {
    out["symbols"] = schema["symbols"];
    put_if_there(out, schema, "default");
  } else if (type == "fixed") {
    out["size"] = schema["size"];
  } else {
    out["fields"] = ordered_json::array();
    for (const auto& field : schema["fields"]) out["fields"].push_back(form_of_field(field, name.space));
  }
  if (type == "enum")
    put_rest(out, schema, {"type", "name", "namespace", "doc", "symbols", "default", "aliases"});
  else if (type == "fixed")
    put_rest(out, schema, {"type", "name", "namespace", "doc", "size", "aliases"});
  else
    put_rest(out, schema, {"type", "name", "namespace", "doc", "fields", "aliases"});
  put_unless_empty(out, schema, "aliases");
  return out;
}

ordered_json form(const ordered_json& schema, const std::string& space) {
  if (schema.is_string()) {  // a primitive, or a name
    const std::string written = schema.get<std::string>();
    if (is_primitive(written)) return written;
    const Name name = split(written, space);
    return name.space == space ? name.name : written;
  }
  if (schema.is_array()) {
    ordered_json out = ordered_json::array();
    for (const auto& branch : schema) out.push_back(form(branch, space));
    return out;
  }
  if (!schema["type"].is_string()) {  // {"type": {…}}
    if (schema.size() == 1) return form(schema["type"], space);
    ordered_json out = schema;
    out["type"] = form(schema["type"], space);
    return out;
  }
  const std::string type = schema["type"].get<std::string>();
  if (type == "record" || type == "error" || type == "enum" || type == "fixed") return form_of_named(schema, type, space);
  if (type == "array" || type == "map") {
    const char* of = type == "array" ? "items" : "values";
    ordered_json out;
    out["type"] = type;
    out[of] = form(schema[of], space);
    put_rest(out, schema, {"type", of});
    return out;
  }
  if (schema.size() == 1) return form(schema["type"], space);  // {"type": "string"} or {"type": "a.Name"}
  ordered_json out;
  out["type"] = form(schema["type"], space);
  put_rest(out, schema, {"type"});
  return out;
}

}  // namespace

std::string stored_form(std::string_view schema) {
  const ordered_json parsed = ordered_json::parse(schema, nullptr, false);
  if (parsed.is_discarded()) return std::string(schema);
  try {
    return form(parsed, "").dump();
  } catch (const ordered_json::exception&) {  // no valid schema: an attribute is missing or of another type
    return std::string(schema);
  }
}

}  // namespace millrace::registry

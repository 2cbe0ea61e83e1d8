#include "services/registry/record_format.h"

#include <nlohmann/json.hpp>

#include "services/registry/answer.h"

namespace millrace::registry {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;  // the order of keys is part of the format

std::optional<std::string> string_member(const json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}
std::optional<int> positive_of(const json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  const auto value = it->get<int64_t>();
  if (value < 1 || value > INT32_MAX) return std::nullopt;
  return static_cast<int>(value);
}

Record read_schema(const std::string& subject, const json& key, const std::optional<json>& value) {
  const auto version = positive_of(key, "version");
  if (!version) return Unreadable{"a SCHEMA key of subject " + subject + " without a version"};
  if (!value) return SchemaTombstone{subject, *version};
  SchemaRecord record{subject, *version, {}, {}, string_member(*value, "schemaType").value_or("AVRO"), "", value->value("deleted", false)};
  const auto id = positive_of(*value, "id");
  const auto schema = string_member(*value, "schema");
  if (!id || !schema) return Unreadable{"version " + std::to_string(*version) + " of subject " + subject + " without id or schema"};
  record.id = SchemaId(*id);
  record.schema = *schema;
  if (const auto references = value->find("references"); references != value->end() && references->is_array() && !references->empty())
    record.references = references->dump();
  return record;
}

}  // namespace

Record read_record(const topic_store::StoredRecord& stored) {
  const json key = json::parse(stored.key, nullptr, false);
  const auto type = key.is_object() ? string_member(key, "keytype") : std::nullopt;
  if (!type) return Unreadable{"a key that isn't Confluent's: " + std::string(stored.key.substr(0, 100))};
  if (*type == "NOOP") return Noop{};
  std::optional<json> value;
  if (stored.value && *stored.value != "null") {
    value = json::parse(*stored.value, nullptr, false);
    if (!value->is_object()) return Unreadable{"a value that is no JSON object, of the key " + std::string(stored.key.substr(0, 100))};
  }
  const auto subject = string_member(key, "subject");
  if (*type == "CONFIG") return LevelRecord{subject, value ? string_member(*value, "compatibilityLevel") : std::nullopt};
  if (*type == "MODE") return ModeRecord{subject, value ? string_member(*value, "mode") : std::nullopt};
  if (*type != "SCHEMA" && *type != "DELETE_SUBJECT" && *type != "CLEAR_SUBJECT") return Unreadable{"the unknown keytype " + *type};
  if (!subject) return Unreadable{"a key of keytype " + *type + " without a subject"};
  if (*type == "SCHEMA") return read_schema(*subject, key, value);
  if (!value) return Noop{};  // an order that was compacted away
  if (*type == "CLEAR_SUBJECT") return SubjectCleared{*subject};
  const auto up_to = positive_of(*value, "version");
  if (!up_to) return Unreadable{"a DELETE_SUBJECT of " + *subject + " without a version"};
  return SubjectDeleted{*subject, *up_to};
}

topic_store::NewRecord write_record(const SchemaRecord& record) {
  const ordered_json key = {{"keytype", "SCHEMA"}, {"subject", record.subject}, {"version", record.version}, {"magic", 1}};
  ordered_json value = {{"subject", record.subject}, {"version", record.version}, {"id", record.id.value}};
  if (record.type != "AVRO") value["schemaType"] = record.type;
  if (!record.references.empty()) value["references"] = ordered_json::parse(record.references);
  value["schema"] = record.schema;
  value["deleted"] = record.deleted;
  return {text_of(key), text_of(value)};
}

topic_store::NewRecord write_record(const LevelRecord& record) {
  ordered_json key = {{"keytype", "CONFIG"}, {"subject", nullptr}, {"magic", 0}};
  if (record.subject) key["subject"] = *record.subject;
  if (!record.level) return {text_of(key), std::nullopt};
  return {text_of(key), text_of({{"compatibilityLevel", *record.level}})};
}

}  // namespace millrace::registry

#include "services/registry/registration.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/registry/stored_form.h"

namespace millrace::registry {
namespace {

using nlohmann::json;

bool given(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && !it->is_null() && !it->empty();
}

// READONLY: nothing is written. IMPORT: ids come from elsewhere, and ours would collide with them.
std::optional<Refusal> mode_refuses(const SchemaState& state, const std::string& subject) {
  const std::string mode = state.mode_of(subject).value_or(state.mode());
  if (mode.starts_with("READONLY")) return not_permitted("Subject " + subject + " is in read-only mode");
  if (mode == "IMPORT") return not_permitted("Subject " + subject + " is in import mode, which this registry doesn't offer");
  return std::nullopt;
}

}  // namespace

Decided<Candidate> read_candidate(const std::string& body) {
  const json request = json::parse(body, nullptr, false);
  if (!request.is_object()) return std::unexpected(bad_request("the body is no JSON object: send {\"schema\": \"…\"}"));
  const std::string type = given(request, "schemaType") && request["schemaType"].is_string() ? request["schemaType"].get<std::string>() : "AVRO";
  if (type != "AVRO") return std::unexpected(invalid_schema("schemaType " + type + " isn't offered: this registry takes Avro only"));
  if (given(request, "references")) return std::unexpected(invalid_schema("references aren't offered: write the named types out in the schema itself"));
  for (const char* unknown : {"metadata", "ruleSet"})
    if (given(request, unknown)) return std::unexpected(invalid_schema(std::string(unknown) + " isn't offered: leave it out"));
  if (const auto id = request.find("id"); id != request.end() && id->is_number_integer() && id->get<int64_t>() > 0)
    return std::unexpected(not_permitted("an id can't be asked for: this registry gives ids itself"));
  const auto text = request.find("schema");
  if (text == request.end() || !text->is_string()) return std::unexpected(invalid_schema("the body has no \"schema\" that is a string"));
  auto parsed = avro::Schema::parse(text->get<std::string>());
  if (!parsed) return std::unexpected(invalid_schema(parsed.error().message));
  return Candidate{*parsed, stored_form((*parsed)->text())};
}

Decided<std::pair<int, SchemaId>> find_version(const SchemaState& state, const std::string& subject, const Candidate& candidate, Deleted deleted) {
  const auto versions = state.versions(subject, deleted);
  if (versions.empty()) return std::unexpected(subject_not_found(subject));
  // By form, not by id: a topic from elsewhere may have one schema under several ids.
  for (auto it = versions.rbegin(); it != versions.rend(); ++it)
    if (state.schema(it->second.id)->form == candidate.form) return std::pair(it->first, it->second.id);
  return std::unexpected(schema_not_found());
}

std::vector<std::string> incompatibilities(const SchemaState& state, avro::Level level, const Candidate& candidate,
                                           const std::vector<std::pair<int, Version>>& versions) {
  std::vector<avro::SchemaPtr> existing;
  if (level == avro::Level::kNone) return {};
  for (const auto& [number, version] : versions) {
    const StoredSchema& stored = *state.schema(version.id);
    auto parsed = stored.type == "AVRO" && stored.references.empty()
                      ? avro::Schema::parse(stored.schema)
                      : permanent(stored.references.empty() ? "it is of type " + stored.type : "it has references");
    if (!parsed) return {"version " + std::to_string(number) + " can't be compared with: " + parsed.error().message};
    existing.push_back(*parsed);
  }
  return avro::incompatibilities(level, *candidate.schema, existing);
}

Registration decide_registration(const SchemaState& state, const std::string& subject, const Candidate& candidate) {
  if (auto there = find_version(state, subject, candidate, Deleted::kHidden)) return {there->second, {}};
  if (auto refused = mode_refuses(state, subject)) return {std::unexpected(*refused), {}};
  const avro::Level level = state.level_of(subject).value_or(state.level());
  const auto reasons = incompatibilities(state, level, candidate, state.versions(subject, Deleted::kHidden));
  if (!reasons.empty()) {
    json details = reasons;
    details.push_back(std::string("compatibility: ") + avro::name(level));
    return {std::unexpected(incompatible(subject, details.dump())), {}};
  }
  SchemaRecord record;
  record.subject = subject;
  record.version = state.next_version(subject);
  record.id = state.id_of(candidate.form).value_or(state.next_id());
  record.schema = candidate.form;
  // The text of a known id stays as it is.
  if (const StoredSchema* known = state.schema(record.id)) record.schema = known->schema;
  return {record.id, {write_record(record)}};
}

LevelChange decide_level(const SchemaState& state, const std::optional<std::string>& subject, const std::string& body) {
  const json request = json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("compatibility") || !request["compatibility"].is_string())
    return {std::unexpected(bad_request("the body is not of the form {\"compatibility\": \"BACKWARD\"}")), {}};
  std::string name = request["compatibility"].get<std::string>();
  std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); });
  const auto level = avro::level_from_name(name);
  if (!level) return {std::unexpected(invalid_level(name)), {}};
  if (auto refused = mode_refuses(state, subject.value_or(""))) return {std::unexpected(*refused), {}};
  if ((subject ? state.level_of(*subject) : state.level()) == level) return {*level, {}};
  return {*level, {write_record(LevelRecord{subject, name})}};
}

}  // namespace millrace::registry

#include "services/registry/api.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "clients/http_server/path.h"
#include "services/registry/subject.h"

namespace millrace::registry {
namespace {

using nlohmann::ordered_json;

Deleted shown(const Call& call) { return call.flag("deleted") ? Deleted::kShown : Deleted::kHidden; }

std::optional<int> positive(const std::string& text) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const int64_t value = std::stoll(text);
  if (value < 1 || value > INT32_MAX) return std::nullopt;
  return static_cast<int>(value);
}

// "latest", "-1" (the same) or a number, among the versions of a subject.
Decided<std::pair<int, Version>> find(const SchemaState& state, const std::string& subject, const std::string& wanted, Deleted deleted) {
  const bool latest = wanted == "latest" || wanted == "-1";
  const auto number = positive(wanted);
  if (!latest && !number) return std::unexpected(invalid_version(wanted));
  const auto versions = state.versions(subject, deleted);
  if (versions.empty()) return std::unexpected(subject_not_found(subject));
  if (latest) return versions.back();
  for (const auto& version : versions)
    if (version.first == *number) return version;
  return std::unexpected(version_not_found(wanted));
}

void put_schema(ordered_json& to, const StoredSchema& schema) {
  if (schema.type != "AVRO") to["schemaType"] = schema.type;
  if (!schema.references.empty()) to["references"] = ordered_json::parse(schema.references);
  to["schema"] = schema.schema;
}

ordered_json described(const SchemaState& state, const std::string& subject, int version, SchemaId id) {
  ordered_json out = {{"subject", subject}, {"version", version}, {"id", id.value}};
  put_schema(out, *state.schema(id));
  return out;
}

}  // namespace

bool Call::flag(const std::string& name) const {
  const auto it = query.find(name);
  return it != query.end() && (it->second == "true" || it->second == "True");
}

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> all = {
      {"GET", "/", &Api::root},
      {"GET", "/schemas/types", &Api::types},
      {"GET", "/schemas/ids/{id}", &Api::schema_by_id},
      {"GET", "/schemas/ids/{id}/schema", &Api::schema_text_by_id},
      {"GET", "/schemas/ids/{id}/versions", &Api::versions_by_id},
      {"GET", "/schemas/ids/{id}/subjects", &Api::subjects_by_id},
      {"GET", "/subjects", &Api::subjects},
      {"POST", "/subjects/{subject}", &Api::look_up},
      {"GET", "/subjects/{subject}/versions", &Api::subject_versions},
      {"POST", "/subjects/{subject}/versions", &Api::enroll},
      {"GET", "/subjects/{subject}/versions/{version}", &Api::subject_version},
      {"GET", "/subjects/{subject}/versions/{version}/schema", &Api::subject_version_text},
      {"POST", "/compatibility/subjects/{subject}/versions", &Api::compatibility},
      {"POST", "/compatibility/subjects/{subject}/versions/{version}", &Api::compatibility},
      {"GET", "/config", &Api::get_level},
      {"GET", "/config/{subject}", &Api::get_level},
      {"PUT", "/config", &Api::put_level},
      {"PUT", "/config/{subject}", &Api::put_level},
      {"GET", "/mode", &Api::get_mode},
      {"GET", "/mode/{subject}", &Api::get_mode},
  };
  return all;
}

Api::Served Api::serve(Call call) {
  for (const Route& route : routes()) {
    if (call.method != route.method) continue;
    auto pieces = http_server::match_path(route.pattern, call.target);
    if (!pieces) continue;
    call.pieces = std::move(*pieces);
    auto done = (this->*route.act)(call);
    return {done ? Answer{200, std::move(*done)} : answer_of(done.error()), route.pattern};
  }
  return {answer_of(no_route(call.method, call.target)), "other"};
}

Api::Result Api::root(const Call&) { return "{}"; }
Api::Result Api::types(const Call&) { return R"(["AVRO"])"; }

Api::Result Api::schema_by_id(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto id = positive(call.pieces[0]);
    const StoredSchema* schema = id ? state.schema(SchemaId(*id)) : nullptr;
    if (!schema) return std::unexpected(schema_id_not_found(call.pieces[0]));
    ordered_json out = ordered_json::object();
    put_schema(out, *schema);
    return text_of(out);
  });
}

Api::Result Api::schema_text_by_id(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto id = positive(call.pieces[0]);
    const StoredSchema* schema = id ? state.schema(SchemaId(*id)) : nullptr;
    if (!schema) return std::unexpected(schema_id_not_found(call.pieces[0]));
    return schema->schema;
  });
}

Api::Result Api::versions_by_id(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto id = positive(call.pieces[0]);
    const StoredSchema* schema = id ? state.schema(SchemaId(*id)) : nullptr;
    if (!schema) return std::unexpected(schema_id_not_found(call.pieces[0]));
    ordered_json out = ordered_json::array();
    for (const auto& [subject, version] : schema->used_by)
      for (const auto& [number, there] : state.versions(subject, shown(call)))
        if (number == version) out.push_back({{"subject", subject}, {"version", version}});
    return text_of(out);
  });
}

Api::Result Api::subjects_by_id(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto id = positive(call.pieces[0]);
    const StoredSchema* schema = id ? state.schema(SchemaId(*id)) : nullptr;
    if (!schema) return std::unexpected(schema_id_not_found(call.pieces[0]));
    std::set<std::string> names;
    for (const auto& [subject, version] : schema->used_by)
      for (const auto& [number, there] : state.versions(subject, shown(call)))
        if (number == version) names.insert(subject);
    return text_of(names);
  });
}

Api::Result Api::subjects(const Call& call) {
  const auto prefix = call.query.find("subjectPrefix");
  ordered_json out = ordered_json::array();
  for (auto& subject : store_.read([&](const SchemaState& state) { return state.subjects(shown(call)); }))
    if (prefix == call.query.end() || subject.starts_with(prefix->second)) out.push_back(std::move(subject));
  return text_of(out);
}

Api::Result Api::subject_versions(const Call& call) {
  const auto versions = store_.read([&](const SchemaState& state) { return state.versions(call.pieces[0], shown(call)); });
  if (versions.empty()) return std::unexpected(subject_not_found(call.pieces[0]));
  ordered_json out = ordered_json::array();
  for (const auto& [number, version] : versions) out.push_back(number);
  return text_of(out);
}

Api::Result Api::subject_version(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto found = find(state, call.pieces[0], call.pieces[1], shown(call));
    if (!found) return std::unexpected(found.error());
    return text_of(described(state, call.pieces[0], found->first, found->second.id));
  });
}

Api::Result Api::subject_version_text(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    const auto found = find(state, call.pieces[0], call.pieces[1], shown(call));
    if (!found) return std::unexpected(found.error());
    return state.schema(found->second.id)->schema;
  });
}

Api::Result Api::look_up(const Call& call) {
  const auto candidate = read_candidate(call.body);
  if (!candidate) return std::unexpected(candidate.error());
  return store_.read([&](const SchemaState& state) -> Result {
    const auto found = find_version(state, call.pieces[0], *candidate, shown(call));
    if (!found) return std::unexpected(found.error());
    return text_of(described(state, call.pieces[0], found->first, found->second));
  });
}

Api::Result Api::enroll(const Call& call) {
  const std::string& subject = call.pieces[0];
  if (!is_valid_subject(subject)) return std::unexpected(invalid_subject(subject));
  const auto candidate = read_candidate(call.body);
  if (!candidate) return std::unexpected(candidate.error());
  const auto answer = [](SchemaId id) { return text_of({{"id", id.value}}); };
  // What is registered stays registered: that needs no Kafka, and most calls are of that kind.
  if (auto there = store_.read([&](const SchemaState& state) { return find_version(state, subject, *candidate, Deleted::kHidden); }))
    return answer(there->second);
  Decided<SchemaId> id;
  const auto failed = write([&](const SchemaState& state) {
    Registration decided = decide_registration(state, subject, *candidate);
    id = decided.id;
    return decided.records;
  });
  if (failed) return std::unexpected(*failed);
  if (!id) return std::unexpected(id.error());
  log::info("subject {}: schema {}", subject, id->value);
  return answer(*id);
}

Api::Result Api::compatibility(const Call& call) {
  const std::string& subject = call.pieces[0];
  const auto candidate = read_candidate(call.body);
  if (!candidate) return std::unexpected(candidate.error());
  return store_.read([&](const SchemaState& state) -> Result {
    auto versions = state.versions(subject, Deleted::kHidden);
    if (call.pieces.size() > 1) {  // against this one alone
      const auto one = find(state, subject, call.pieces[1], Deleted::kHidden);
      if (!one) return std::unexpected(one.error());
      versions = {*one};
    }
    const auto reasons = incompatibilities(state, state.level_of(subject).value_or(state.level()), *candidate, versions);
    ordered_json out = {{"is_compatible", reasons.empty()}};
    if (call.flag("verbose")) out["messages"] = reasons;
    return text_of(out);
  });
}

Api::Result Api::get_level(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    std::optional<avro::Level> level = state.level();
    if (!call.pieces.empty()) {
      const auto own = state.level_of(call.pieces[0]);
      if (!own && !call.flag("defaultToGlobal")) return std::unexpected(level_not_set(call.pieces[0]));
      if (own) level = own;
    }
    return text_of({{"compatibilityLevel", avro::name(*level)}});
  });
}

Api::Result Api::put_level(const Call& call) {
  std::optional<std::string> subject;
  if (!call.pieces.empty()) subject = call.pieces[0];
  if (subject && !is_valid_subject(*subject)) return std::unexpected(invalid_subject(*subject));
  Decided<avro::Level> level;
  const auto failed = write([&](const SchemaState& state) {
    LevelChange decided = decide_level(state, subject, call.body);
    level = decided.level;
    return decided.records;
  });
  if (failed) return std::unexpected(*failed);
  if (!level) return std::unexpected(level.error());
  return text_of({{"compatibility", avro::name(*level)}});
}

Api::Result Api::get_mode(const Call& call) {
  return store_.read([&](const SchemaState& state) -> Result {
    std::string mode = state.mode();
    if (!call.pieces.empty()) {
      const auto own = state.mode_of(call.pieces[0]);
      if (!own && !call.flag("defaultToGlobal")) return std::unexpected(mode_not_set(call.pieces[0]));
      if (own) mode = *own;
    }
    return text_of({{"mode", read_only_ ? "READONLY" : mode}});
  });
}

std::optional<Refusal> Api::write(const std::function<std::vector<topic_store::NewRecord>(const SchemaState&)>& decide) {
  if (read_only_) return not_permitted("this registry runs with --read-only beside the one that writes: ask that one");
  struct Slot {
    std::atomic<int>& count;
    const bool taken;
    explicit Slot(std::atomic<int>& c) : count(c), taken(c.fetch_add(1) < kWritesMax) {}
    ~Slot() { count.fetch_sub(1); }
  } slot(writes_);
  if (!slot.taken) return too_many_writes();
  const Status written = store_.write(decide);
  if (written) return std::nullopt;
  log::warn("a write failed: {}", written.error().message);
  return written.error().retry == Retry::kPermanent ? store_failed(written.error().message) : store_timed_out(written.error().message);
}

}  // namespace millrace::registry

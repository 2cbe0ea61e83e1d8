#include "services/registry/schema_state.h"

#include <algorithm>

#include "base/log.h"
#include "services/registry/stored_form.h"

namespace millrace::registry {
namespace {
template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
}  // namespace

void SchemaState::apply(const topic_store::StoredRecord& stored) {
  std::visit(Overloaded{
                 [&](const SchemaRecord& record) { put(record); },
                 [&](const SchemaTombstone& record) { remove(record.subject, record.version); },
                 [&](const SubjectDeleted& record) {
                   for (auto& [number, version] : subjects_[record.subject])
                     if (number <= record.up_to) version.deleted = true;
                 },
                 [&](const SubjectCleared& record) {
                   const auto versions = subjects_[record.subject];  // a copy: remove() changes the original
                   for (const auto& [number, version] : versions)
                     if (version.deleted) remove(record.subject, number);
                 },
                 [&](const LevelRecord& record) { take(record); },
                 [&](const ModeRecord& record) { take(record); },
                 [](const Noop&) {},
                 [&](const Unreadable& record) { log::warn("offset {} of the schemas' topic is skipped: {}", stored.offset.value, record.why); },
             },
             read_record(stored));
}

void SchemaState::put(const SchemaRecord& record) {
  const auto& versions = subjects_[record.subject];
  if (const auto before = versions.find(record.version); before != versions.end() && before->second.id != record.id) remove(record.subject, record.version);
  subjects_[record.subject][record.version] = {record.id, record.deleted};
  id_max_ = std::max(id_max_, record.id.value);
  auto& stored = schemas_[record.id];
  if (stored.used_by.empty()) {
    stored.schema = record.schema;
    stored.type = record.type;
    stored.references = record.references;
    // An older id of the same schema, if there is one, stays the one that is given out.
    if (record.type == "AVRO" && record.references.empty()) {
      stored.form = stored_form(record.schema);
      id_by_form_.emplace(stored.form, record.id);
    }
  }
  stored.used_by.emplace(record.subject, record.version);
}

// The schema goes with its last version.
void SchemaState::remove(const std::string& subject, int version) {
  const auto of_subject = subjects_.find(subject);
  if (of_subject == subjects_.end()) return;
  const auto gone = of_subject->second.find(version);
  if (gone == of_subject->second.end()) return;
  const auto schema = schemas_.find(gone->second.id);
  of_subject->second.erase(gone);
  if (of_subject->second.empty()) subjects_.erase(of_subject);
  schema->second.used_by.erase({subject, version});
  if (!schema->second.used_by.empty()) return;
  const auto by_form = id_by_form_.find(schema->second.form);
  if (by_form != id_by_form_.end() && by_form->second == schema->first) id_by_form_.erase(by_form);
  schemas_.erase(schema);
}

void SchemaState::take(const LevelRecord& record) {
  const auto level = record.level ? avro::level_from_name(*record.level) : std::nullopt;
  if (record.level && !level) return log::warn("the schemas' topic has the unknown compatibility level {}: it is skipped", *record.level);
  if (!record.subject)
    level_ = level;
  else if (level)
    levels_[*record.subject] = *level;
  else
    levels_.erase(*record.subject);
}

void SchemaState::take(const ModeRecord& record) {
  if (!record.subject)
    mode_ = record.mode;
  else if (record.mode)
    modes_[*record.subject] = *record.mode;
  else
    modes_.erase(*record.subject);
}

std::vector<std::string> SchemaState::subjects(Deleted deleted) const {
  std::vector<std::string> out;
  for (const auto& [name, versions] : subjects_)
    if (has_subject(name, deleted)) out.push_back(name);
  return out;
}

bool SchemaState::has_subject(const std::string& subject, Deleted deleted) const {
  const auto it = subjects_.find(subject);
  if (it == subjects_.end()) return false;
  return std::ranges::any_of(it->second, [&](const auto& v) { return deleted == Deleted::kShown || !v.second.deleted; });
}

std::vector<std::pair<int, Version>> SchemaState::versions(const std::string& subject, Deleted deleted) const {
  std::vector<std::pair<int, Version>> out;
  if (const auto it = subjects_.find(subject); it != subjects_.end())
    std::ranges::copy_if(it->second, std::back_inserter(out), [&](const auto& v) { return deleted == Deleted::kShown || !v.second.deleted; });
  return out;
}

int SchemaState::next_version(const std::string& subject) const {
  const auto it = subjects_.find(subject);
  return it == subjects_.end() || it->second.empty() ? 1 : it->second.rbegin()->first + 1;
}

const StoredSchema* SchemaState::schema(SchemaId id) const {
  const auto it = schemas_.find(id);
  return it == schemas_.end() ? nullptr : &it->second;
}

std::optional<SchemaId> SchemaState::id_of(const std::string& form) const {
  const auto it = id_by_form_.find(form);
  if (it == id_by_form_.end()) return std::nullopt;
  return it->second;
}

std::optional<avro::Level> SchemaState::level_of(const std::string& subject) const {
  const auto it = levels_.find(subject);
  if (it == levels_.end()) return std::nullopt;
  return it->second;
}

std::optional<std::string> SchemaState::mode_of(const std::string& subject) const {
  const auto it = modes_.find(subject);
  if (it == modes_.end()) return std::nullopt;
  return it->second;
}

}  // namespace millrace::registry

#pragma once
// What the topic `_schemas` says: subjects, their versions, schemas by id. A function of the topic's records alone.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "avro/compatibility.h"
#include "services/registry/record_format.h"

namespace millrace::registry {

struct StoredSchema {
  std::string schema, type, references;           // as in SchemaRecord
  std::string form;                               // see stored_form.h; "" unless it is Avro without references
  std::set<std::pair<std::string, int>> used_by;  // subject and version, deleted ones too
};
struct Version {
  SchemaId id;
  bool deleted = false;
};
enum class Deleted { kHidden, kShown };

// No locks: the topic store has one.
class SchemaState {
 public:
  // A record that can't be read is skipped with a warning.
  void apply(const topic_store::StoredRecord& stored);

  std::vector<std::string> subjects(Deleted deleted) const;
  bool has_subject(const std::string& subject, Deleted deleted) const;
  // Oldest first; empty: no such subject.
  std::vector<std::pair<int, Version>> versions(const std::string& subject, Deleted deleted) const;
  int next_version(const std::string& subject) const;  // never one that was there, as long as its record is

  const StoredSchema* schema(SchemaId id) const;  // nullptr: no such id
  // The id of an Avro schema, given its stored form.
  std::optional<SchemaId> id_of(const std::string& form) const;
  SchemaId next_id() const { return SchemaId(id_max_ + 1); }

  avro::Level level() const { return level_.value_or(avro::Level::kBackward); }
  std::optional<avro::Level> level_of(const std::string& subject) const;  // none: that of all
  std::string mode() const { return mode_.value_or("READWRITE"); }
  std::optional<std::string> mode_of(const std::string& subject) const;

 private:
  void put(const SchemaRecord& record);
  void remove(const std::string& subject, int version);
  void take(const LevelRecord& record);
  void take(const ModeRecord& record);

  std::map<std::string, std::map<int, Version>> subjects_;
  std::map<SchemaId, StoredSchema> schemas_;
  std::unordered_map<std::string, SchemaId> id_by_form_;  // Avro without references
  std::optional<avro::Level> level_;
  std::optional<std::string> mode_;
  std::map<std::string, avro::Level> levels_;
  std::map<std::string, std::string> modes_;
  int32_t id_max_ = 0;  // never falls, whatever is deleted
};

}  // namespace millrace::registry

#pragma once
// The records of the topic `_schemas`, in the format of Confluent's Schema Registry (its io.confluent.kafka.schemaregistry.storage:
// SchemaKey, SchemaValue, ConfigKey …): JSON, the key's bytes always the same for the same key, because compaction compares bytes.

#include <optional>
#include <string>
#include <variant>

#include "base/ids.h"
#include "topic_store/record.h"

namespace millrace::registry {

// A version of a subject. Written again with `deleted` when it is (softly) deleted.
struct SchemaRecord {
  std::string subject;
  int version = 0;
  SchemaId id;
  std::string schema;
  std::string type = "AVRO";  // left out of the record when it is this
  std::string references;     // JSON array, "" if none: only other registries write them
  bool deleted = false;
};
// SCHEMA with no value: the version is deleted for good.
struct SchemaTombstone {
  std::string subject;
  int version = 0;
};
// DELETE_SUBJECT: its versions up to this one are (softly) deleted.
struct SubjectDeleted {
  std::string subject;
  int up_to = 0;
};
// CLEAR_SUBJECT: what is deleted of it is forgotten.
struct SubjectCleared {
  std::string subject;
};
// CONFIG and MODE: of a subject or (none) of all; no level or mode: as if it had never been set.
struct LevelRecord {
  std::optional<std::string> subject, level;
};
struct ModeRecord {
  std::optional<std::string> subject, mode;
};
struct Noop {};
// What we can't read; `why` names it.
struct Unreadable {
  std::string why;
};

using Record = std::variant<SchemaRecord, SchemaTombstone, SubjectDeleted, SubjectCleared, LevelRecord, ModeRecord, Noop, Unreadable>;

Record read_record(const topic_store::StoredRecord& stored);
topic_store::NewRecord write_record(const SchemaRecord& record);
topic_store::NewRecord write_record(const LevelRecord& record);

}  // namespace millrace::registry

#pragma once
// The decisions of the registry: may this schema become a version of that subject, and under which id? Pure: state in, records out.

#include <expected>
#include <string>
#include <vector>

#include "avro/schema.h"
#include "services/registry/answer.h"
#include "services/registry/schema_state.h"

namespace millrace::registry {

// A schema that somebody sent, already parsed.
struct Candidate {
  avro::SchemaPtr schema;
  std::string form;  // see stored_form.h
};
template <class T>
using Decided = std::expected<T, Refusal>;

// The body of a request: {"schema": "…", "schemaType": "AVRO"}.
Decided<Candidate> read_candidate(const std::string& body);

struct Registration {
  Decided<SchemaId> id;
  std::vector<topic_store::NewRecord> records;  // what makes it so; empty when refused, or already so
};
Registration decide_registration(const SchemaState& state, const std::string& subject, const Candidate& candidate);

// The version (not deleted) of the subject that has this schema.
Decided<std::pair<int, SchemaId>> find_version(const SchemaState& state, const std::string& subject, const Candidate& candidate, Deleted deleted);

// Why the candidate can't follow these versions at this level; `versions` of the subject, oldest first.
std::vector<std::string> incompatibilities(const SchemaState& state, avro::Level level, const Candidate& candidate,
                                           const std::vector<std::pair<int, Version>>& versions);

struct LevelChange {
  Decided<avro::Level> level;
  std::vector<topic_store::NewRecord> records;
};
LevelChange decide_level(const SchemaState& state, const std::optional<std::string>& subject, const std::string& body);

}  // namespace millrace::registry

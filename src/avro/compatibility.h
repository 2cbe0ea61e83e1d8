#pragma once
// Can data written with one schema be read with another? (specification, "Schema Resolution"; levels as Confluent's registry
// has them). Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"

namespace millrace::avro {

// Why `reader` can't read everything that `writer` may write, one sentence each with its place; empty: it can.
std::vector<std::string> incompatibilities(const Schema& reader, const Schema& writer);

enum class Level {
  kNone,
  kBackward,  // the new schema reads what the last one wrote
  kBackwardTransitive,
  kForward,  // the last schema reads what the new one writes
  kForwardTransitive,
  kFull,
  kFullTransitive,
};

const char* name(Level level);  // "BACKWARD_TRANSITIVE"
std::optional<Level> level_from_name(std::string_view name);

// `existing` oldest first; the levels that are not transitive look at the last only.
std::vector<std::string> incompatibilities(Level level, const Schema& candidate, const std::vector<SchemaPtr>& existing);

}  // namespace millrace::avro

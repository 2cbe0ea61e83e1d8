#pragma once
// Writer schemas by id, shared by the lanes of a process: an LRU whose entries are looked at again after ten minutes, kept on disk. A
// thread of its own asks the registry, so that no lane waits for it longer than it wants to. While the registry can't be reached, an
// entry goes on being used however old it is (ids are immutable).

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "avro/schema.h"
#include "base/ids.h"
#include "base/result.h"
#include "clients/metrics/registry.h"
#include "pipeline/decode/registry_client.h"

namespace millrace::pipeline {

struct SchemaCacheSettings {
  std::string registry_url;
  std::string file;  // "": nothing is kept on disk
  size_t entries_max = 1000;
  std::chrono::milliseconds time_to_live{std::chrono::minutes(10)};
  std::chrono::milliseconds missing_time_to_live{2'000};  // of "there is no such schema": then it is asked before it is believed again
  // "There is no such schema" is asked again so often before it is believed, this far apart: a producer may have registered it just now.
  int missing_retries = 3;
  std::chrono::milliseconds missing_retry_after{10};
};

struct SchemaAnswer {
  enum class State {
    kFound,
    kMissing,      // the registry says so, and said so again
    kUnreachable,  // nobody knows yet: ask again later
    kInvalid,      // the registry has it, and it is no Avro schema that we understand
  };
  State state = State::kUnreachable;
  avro::SchemaPtr schema;  // kFound
  std::string reason;      // otherwise
};

// Any thread.
class SchemaCache {
 public:
  SchemaCache(SchemaCacheSettings settings, metrics::Registry& metrics);
  ~SchemaCache();

  // Waits for the registry's answer, if it must be asked, for at most `patience`; while it can't be reached, not at all.
  SchemaAnswer find(SchemaId id, std::chrono::milliseconds patience);
  // The versions of these subjects, from the registry, or from disk as they were last listed. Blocks. The error names what is missing.
  Result<std::vector<std::vector<SubjectVersion>>> subjects(const std::vector<std::string>& names);
  // The id of a schema that this process writes with, from the registry, or from disk as it was last told. Blocks.
  Result<SchemaId> register_schema(const std::string& subject, const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

#pragma once
// What the pipeline asks a schema registry (Confluent's REST API). One thread at a time; nothing retries inside.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "clients/http/client.h"

namespace millrace::pipeline {

struct SubjectVersion {
  int version = 0;
  SchemaId id;
  std::string schema;
};

class RegistryClient {
 public:
  explicit RegistryClient(std::string url, std::chrono::milliseconds deadline = std::chrono::milliseconds(2000));
  // The schema's text; nullopt: the registry says that there is none of this id. Errors are transient, or say what is wrong with the answer.
  Result<std::optional<std::string>> schema(SchemaId id);
  // Every version of a subject, in their order; empty: the registry doesn't know it.
  Result<std::vector<SubjectVersion>> versions(const std::string& subject);
  // The id of this text under the subject, registered if it isn't yet; the same however often it is asked. Permanent: the registry refuses it.
  Result<SchemaId> register_schema(const std::string& subject, const std::string& text);

 private:
  Result<std::optional<std::string>> get(const std::string& path);  // the body; nullopt: 404
  std::string url_;
  std::chrono::milliseconds deadline_;
  http::Client http_;
};

}  // namespace millrace::pipeline

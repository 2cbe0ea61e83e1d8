#pragma once
// The schema that each topic is read with, and the columns that follow from it. Immutable; shared by lanes.
//
// They are the registry's state after one of its schemas was registered: for each topic the latest version of <topic>-value whose
// schema id is not above that one. So a worker that starts later, with newer schemas, knows those of older plans as well.

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "avro/decode_program.h"
#include "avro/schema.h"
#include "base/ids.h"
#include "base/rejection.h"
#include "base/result.h"
#include "pipeline/decode/registry_client.h"

namespace millrace::pipeline {

using DecodeProgramPtr = std::shared_ptr<const avro::DecodeProgram>;

class ReaderSchemas {
 public:
  struct Reader {
    std::string topic;
    SchemaId id;
    avro::SchemaPtr schema;
    std::vector<columns::NamedType> columns;
    std::vector<std::string> bytes_columns;  // of them those that hold bytes, though their type is String
  };

  // The error is permanent: a schema that is invalid, or has no columns.
  static Result<std::shared_ptr<const ReaderSchemas>> create(const std::vector<std::pair<std::string, SubjectVersion>>& readers);

  Uuid hash() const { return hash_; }
  const std::vector<Reader>& readers() const { return readers_; }
  const Reader* find(std::string_view topic) const;
  // Compiled once for each writer; thread-safe. The rejection: no datum of the writer can be read.
  std::expected<DecodeProgramPtr, Rejection> program(const Reader& reader, SchemaId writer_id, const avro::Schema& writer) const;

 private:
  std::vector<Reader> readers_;  // by topic
  Uuid hash_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<const Reader*, int32_t>, std::expected<DecodeProgramPtr, Rejection>> programs_;
};
using ReaderSchemasPtr = std::shared_ptr<const ReaderSchemas>;

// All states that the listed versions went through, oldest first. `versions` has one list a topic, none of them empty.
Result<std::vector<ReaderSchemasPtr>> reader_schemas_of(const std::vector<std::string>& topics, const std::vector<std::vector<SubjectVersion>>& versions);

}  // namespace millrace::pipeline

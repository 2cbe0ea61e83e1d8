#pragma once
// Decodes the records of one topic, whatever schemas they were written with, into rows of the schema that the topic is read with. One thread.

#include <chrono>
#include <optional>

#include "columns/block.h"
#include "pipeline/decode/reader_schemas.h"
#include "pipeline/decode/schema_cache.h"
#include "pipeline/ingest/record_batch.h"

namespace millrace::pipeline {

enum class GivenUpPolicy {
  kDecide,   // a record whose schema doesn't exist is given up here
  kAsGiven,  // only what the plan names is given up; anything else waits
};

struct DecodeAttempt {
  enum class Kind { kRow, kRejected, kAwaited } kind = Kind::kRow;
  Rejection rejection{};      // kAwaited: its reason
  bool could_differ = false;  // kRejected: for a reason that could be another next time (I5)
  std::optional<SchemaId> schema{};
  int attempts = 1;
};

class RecordDecoder {
 public:
  static constexpr int kRetries = 3;

  RecordDecoder() = default;
  RecordDecoder(ReaderSchemasPtr schemas, const ReaderSchemas::Reader& reader, SchemaCache& cache, GivenUpPolicy policy);

  const ReaderSchemas::Reader& reader() const { return *reader_; }
  // kRow: the reader's columns of `rows` have one value more each. `patience`: how long it may ask for a schema that was never seen.
  DecodeAttempt decode(const Record& record, std::chrono::milliseconds patience, columns::Block& rows);
  SchemaId schema() const { return schema_; }                           // of the last row
  std::chrono::steady_clock::duration asked() const { return asked_; }  // time spent asking for schemas, in all

 private:
  bool find_program(SchemaId id, std::chrono::milliseconds patience, DecodeAttempt& attempt);

  ReaderSchemasPtr schemas_;
  const ReaderSchemas::Reader* reader_ = nullptr;
  SchemaCache* cache_ = nullptr;
  GivenUpPolicy policy_ = GivenUpPolicy::kDecide;
  SchemaId schema_{-1};  // of the program
  DecodeProgramPtr program_;
  std::chrono::steady_clock::duration asked_{};
};

}  // namespace millrace::pipeline

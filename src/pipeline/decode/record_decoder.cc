#include "pipeline/decode/record_decoder.h"

#include "pipeline/decode/frame.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;
using Kind = DecodeAttempt::Kind;

RecordDecoder::RecordDecoder(ReaderSchemasPtr schemas, const ReaderSchemas::Reader& reader, SchemaCache& cache, GivenUpPolicy policy)
    : schemas_(std::move(schemas)), reader_(&reader), cache_(&cache), policy_(policy) {}

DecodeAttempt RecordDecoder::decode(const Record& record, milliseconds patience, columns::Block& rows) {
  DecodeAttempt attempt;
  const auto frame = read_frame(record.value, record.null_value);
  if (!frame) return {Kind::kRejected, frame.error()};
  if (*frame != schema_ && !find_program(*frame, patience, attempt)) return attempt;
  auto decoded = program_->append(record.value, kFrameBytes, rows);
  if (decoded) [[likely]]
    return attempt;
  // Set apart and tried again by itself: a fault that isn't the record's (memory, a bug that depends on its neighbours) shows here.
  for (; attempt.attempts <= kRetries; ++attempt.attempts) {
    decoded = program_->append(record.value, kFrameBytes, rows);
    if (decoded) return attempt;
  }
  attempt.kind = Kind::kRejected;
  attempt.rejection = std::move(decoded.error());
  attempt.schema = *frame;
  return attempt;
}

// Sets the program, or says why there is none.
bool RecordDecoder::find_program(SchemaId id, milliseconds patience, DecodeAttempt& attempt) {
  const auto before = std::chrono::steady_clock::now();
  const SchemaAnswer answer = cache_->find(id, patience);
  asked_ += std::chrono::steady_clock::now() - before;
  attempt.schema = id;
  switch (answer.state) {
    case SchemaAnswer::State::kFound: break;
    case SchemaAnswer::State::kUnreachable:
      attempt.kind = Kind::kAwaited;
      attempt.rejection.reason = "schema " + std::to_string(id.value) + ": " + answer.reason;
      return false;
    case SchemaAnswer::State::kMissing:
      if (policy_ == GivenUpPolicy::kAsGiven) {  // it was there when the plan was made
        attempt.kind = Kind::kAwaited;
        attempt.rejection.reason = answer.reason + ", but it had one when this epoch was planned: restore it";
        return false;
      }
      attempt = {Kind::kRejected, {RejectionCode::kUnknownSchema, Stage::kSchema, 1, answer.reason}, true, id, kRetries + 1};
      return false;
    case SchemaAnswer::State::kInvalid:
      attempt = {
          Kind::kRejected, {RejectionCode::kIncompatibleSchema, Stage::kSchema, 1, "schema " + std::to_string(id.value) + ": " + answer.reason}, false, id};
      return false;
  }
  auto program = schemas_->program(*reader_, id, *answer.schema);
  if (!program) {
    attempt = {Kind::kRejected, program.error(), false, id};
    return false;
  }
  schema_ = id;
  program_ = std::move(*program);
  return true;
}

}  // namespace millrace::pipeline

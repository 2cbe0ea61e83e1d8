#pragma once
// Bad data is a value: the decision that a record can't be processed. It ends as a dead letter, never as an exception.

#include <cstdint>
#include <string>

namespace millrace {

enum class Stage : uint8_t { kFrame, kSchema, kDecode, kTransform, kEncode, kPlan };

// Stable names: they are in the dead letters' metadata and in metrics. Stable numbers: they are in plans; new ones go to the end.
enum class RejectionCode : uint8_t {
  kEmptyPayload,        // no bytes at all (value of length 0)
  kTombstone,           // null value
  kWrongMagic,          // the first byte is not 0
  kTruncatedFrame,      // shorter than the 5 bytes of the frame
  kUnknownSchema,       // the registry says that this id does not exist
  kIncompatibleSchema,  // the writer's schema can't be read with the reader's
  kTruncated,           // the payload ends inside a value
  kTrailingBytes,       // bytes are left behind the datum
  kBadLength,           // negative, or past the end
  kBadVarint,
  kBadUnionBranch,
  kBadEnumSymbol,
  kBadBoolean,
  kBadUtf8,
  kTooDeep,        // recursion beyond the limit
  kTooLarge,       // more elements or bytes than the limit
  kOutOfRange,     // a value that the column can't hold
  kUnresolvable,   // union branch or enum symbol of the writer that the reader lacks
  kAbandoned,      // an operator gave up the plan that it was in (`millrace plan abandon`): nothing need be wrong with it
  kInvalid,        // a tenant's rule that must hold doesn't
  kRuleFailed,     // a tenant's rule has no value for it: an overflow, a division by zero …
  kUnknownTenant,  // no rule set for its tenant, and no default one
};

struct Rejection {
  RejectionCode code{};
  Stage stage{};
  int64_t byte = -1;   // position in the payload (frame included) where it failed, -1 if none
  std::string reason;  // for people: names field and byte
};

const char* name(RejectionCode code);  // "truncated"
const char* name(Stage stage);         // "decode"

}  // namespace millrace

#include "base/rejection.h"

namespace millrace {

const char* name(RejectionCode code) {
  switch (code) {
    case RejectionCode::kEmptyPayload: return "empty_payload";
    case RejectionCode::kTombstone: return "tombstone";
    case RejectionCode::kWrongMagic: return "wrong_magic";
    case RejectionCode::kTruncatedFrame: return "truncated_frame";
    case RejectionCode::kUnknownSchema: return "unknown_schema";
    case RejectionCode::kIncompatibleSchema: return "incompatible_schema";
    case RejectionCode::kTruncated: return "truncated";
    case RejectionCode::kTrailingBytes: return "trailing_bytes";
    case RejectionCode::kBadLength: return "bad_length";
    case RejectionCode::kBadVarint: return "bad_varint";
    case RejectionCode::kBadUnionBranch: return "bad_union_branch";
    case RejectionCode::kBadEnumSymbol: return "bad_enum_symbol";
    case RejectionCode::kBadBoolean: return "bad_boolean";
    case RejectionCode::kBadUtf8: return "bad_utf8";
    case RejectionCode::kTooDeep: return "too_deep";
    case RejectionCode::kTooLarge: return "too_large";
    case RejectionCode::kOutOfRange: return "out_of_range";
    case RejectionCode::kUnresolvable: return "unresolvable";
    case RejectionCode::kInvalid: return "invalid";
    case RejectionCode::kRuleFailed: return "rule_failed";
    case RejectionCode::kUnknownTenant: return "unknown_tenant";
    case RejectionCode::kAbandoned: return "abandoned";
  }
  return "unknown";
}

const char* name(Stage stage) {
  switch (stage) {
    case Stage::kFrame: return "frame";
    case Stage::kSchema: return "schema";
    case Stage::kDecode: return "decode";
    case Stage::kTransform: return "transform";
    case Stage::kEncode: return "encode";
    case Stage::kPlan: return "plan";
  }
  return "unknown";
}

}  // namespace millrace

#pragma once
// Confluent's wire format: a byte 0, the schema id as four bytes, big endian, then the Avro datum.
// https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/ids.h"
#include "base/rejection.h"

namespace millrace::pipeline {

inline constexpr size_t kFrameBytes = 5;

inline std::expected<SchemaId, Rejection> read_frame(std::string_view value, bool null_value) {
  const auto refuse = [](RejectionCode code, int64_t byte, const char* reason) { return std::unexpected(Rejection{code, Stage::kFrame, byte, reason}); };
  if (null_value) return refuse(RejectionCode::kTombstone, -1, "the value is null (a tombstone): there is no event in it");
  if (value.empty()) return refuse(RejectionCode::kEmptyPayload, -1, "the value is empty");
  if (value[0] != 0) return refuse(RejectionCode::kWrongMagic, 0, "the first byte is not 0: this is not Confluent's frame");
  if (value.size() < kFrameBytes) return refuse(RejectionCode::kTruncatedFrame, static_cast<int64_t>(value.size()), "the frame of 5 bytes is cut short");
  const auto* p = reinterpret_cast<const unsigned char*>(value.data());
  const uint32_t id = static_cast<uint32_t>(p[1]) << 24 | static_cast<uint32_t>(p[2]) << 16 | static_cast<uint32_t>(p[3]) << 8 | p[4];
  return SchemaId(static_cast<int32_t>(id));
}

}  // namespace millrace::pipeline

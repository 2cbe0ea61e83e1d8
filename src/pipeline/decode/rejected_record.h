#pragma once
// A record that can't be processed, set apart with its bytes: what becomes a dead letter. Owns everything.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/rejection.h"
#include "clients/kafka/types.h"

namespace millrace::pipeline {

struct RejectedRecord {
  TopicPartition source;
  Offset offset;
  int64_t timestamp_ms = -1;
  std::string key, value;
  bool null_key = false, null_value = false;
  std::vector<kafka::Header> headers;  // its own
  std::optional<SchemaId> schema;      // as far as the frame could be read
  Rejection rejection;
  int attempts = 1;

  size_t bytes() const {
    size_t total = key.size() + value.size() + 512 + rejection.reason.size();
    for (const auto& header : headers) total += header.name.size() + header.value.size() + 8;
    return total;
  }
};

}  // namespace millrace::pipeline

#pragma once
// What goes into a topic store and what comes out of it.

#include <optional>
#include <string>
#include <string_view>

#include "clients/kafka/types.h"

namespace millrace::topic_store {

// A record as the topic has it; views, valid during the call that hands it over. No value (a tombstone) is not an empty one.
struct StoredRecord {
  std::string_view key;
  std::optional<std::string_view> value;
  Offset offset{};
  int64_t timestamp_ms = -1;  // -1: none
};

// A record to write. No value: compaction will forget the key.
struct NewRecord {
  std::string key;
  std::optional<std::string> value;
  auto operator<=>(const NewRecord&) const = default;
};

struct StoreSettings {
  kafka::KafkaProperties kafka;
  std::string topic;                         // one partition, compacted; made if it is missing
  std::string transactional_id;              // the same for every writer of this store; empty: "millrace.store.<topic>"
  bool read_only = false;                    // never writes, never makes the topic, takes it as it is (another system's)
  kafka::milliseconds write_timeout{5'000};  // for one write(), however many attempts that takes
};

}  // namespace millrace::topic_store

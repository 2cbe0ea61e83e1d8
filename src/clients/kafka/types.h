#pragma once
// The words that every Kafka client of ours shares. No header of librdkafka is seen by who includes this.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::kafka {

using std::chrono::milliseconds;

// Settings that go to librdkafka. `overrides` (its own property names) win over everything that a client of ours sets.
struct KafkaProperties {
  std::string brokers;  // host:port[,host:port]
  std::string client_id = "millrace";
  std::map<std::string, std::string> overrides;
};

struct Header {
  std::string name;
  std::string value;
  bool null_value = false;
};

// A record to produce. Views need to live until the call returns; librdkafka copies.
struct OutgoingRecord {
  std::string_view topic;
  std::optional<PartitionId> partition;  // none: murmur2 of the key, as the Java client does
  std::string_view key;                  // an empty key with null_key is no key at all
  std::string_view value;
  bool null_key = false;
  bool null_value = false;
  int64_t timestamp_ms = 0;  // 0: now
  const std::vector<Header>* headers = nullptr;
};

// What the group has committed for a partition.
struct CommittedOffset {
  TopicPartition partition;
  std::optional<Offset> offset;  // none: the group never committed, or the offset expired
  std::string metadata;
  std::optional<Error> error;  // of this partition alone; then neither of the above is known
  bool unstable = false;       // the error is: a transaction with offsets for this partition is pending
};

struct OffsetToCommit {
  TopicPartition partition;
  Offset offset;
  std::string metadata;
};

// low: the first offset still there; high: one past the last (isolation level of the reading handle).
struct Watermarks {
  Offset low, high;
};

struct PartitionError {
  TopicPartition partition;
  Error error;
};

}  // namespace millrace::kafka

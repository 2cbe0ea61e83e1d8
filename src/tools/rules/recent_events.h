#pragma once
// The newest events of a Kafka topic, for trying rules on: read outside of any group, nothing is committed.

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "clients/kafka/types.h"

namespace millrace::rules_tools {

struct RecentEvent {
  PartitionId partition;
  Offset offset;
  int64_t timestamp_ms = -1;
  std::string value;
  bool null_value = false;
};

inline constexpr size_t kRecentMax = 20'000;

// The last `count` (up to kRecentMax) over all partitions by their timestamps, oldest first.
Result<std::vector<RecentEvent>> recent_events(const kafka::KafkaProperties& kafka, const std::string& topic, size_t count);

}  // namespace millrace::rules_tools

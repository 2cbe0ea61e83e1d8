#pragma once
// Reads what the comparison needs from Kafka: partitions of the log, the dead letters, the alerts. Read committed.

#include <map>
#include <string>
#include <vector>

#include "clients/kafka/reader.h"
#include "tools/audit/records.h"
#include "tools/audit/schemas.h"

namespace millrace::audit {

struct PartitionRange {
  TopicPartition partition;
  OffsetRange range;  // low watermark to committed offset, or to the end
};

// For each partition of each topic. Without `to_end` a partition for which the group has committed nothing is empty.
Result<std::vector<PartitionRange>> ranges(const kafka::KafkaProperties& properties, const std::string& group, const std::vector<std::string>& topics,
                                           bool to_end);

// One thread a call; sorted by offset.
Result<std::vector<LogRecord>> read_log(const kafka::KafkaProperties& properties, const PartitionRange& of, Schemas& schemas);

using DeadLetters = std::map<TopicPartition, std::vector<DeadLetter>>;  // by source partition, sorted
Result<DeadLetters> read_dead_letters(const kafka::KafkaProperties& properties, const std::string& topic);

using Alerts = std::map<TopicPartition, std::vector<Alert>>;  // by source partition, sorted by offset and id
// The error: one that is no datum of its schema, or whose alert_id isn't topic/partition/offset/rule of what it names.
Result<Alerts> read_alerts(const kafka::KafkaProperties& properties, const std::string& topic, Schemas& schemas);

}  // namespace millrace::audit

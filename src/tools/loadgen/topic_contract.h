#pragma once
// contracts/topics.yaml and the schemas that it names: compiled in, or read from a directory.

#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::loadgen {

enum class TopicRole { kEvents, kDeadLetters, kAlerts, kBench };  // the load generator fills those of events and benchmarks

struct TopicContract {
  std::string name;
  TopicRole role = TopicRole::kEvents;
  int partitions = 1;
  int replication = -1;
  int retention_days = 7;
  int max_message_bytes = 0;  // max.message.bytes; 0: the broker's default
  std::string schema;         // its text; empty: none
};

Result<std::vector<TopicContract>> builtin_topics();
Result<std::vector<TopicContract>> read_topics(const std::string& directory);

}  // namespace millrace::loadgen

#include "pipeline/lane/shared.h"

namespace millrace::pipeline {

Result<TopicId> TopicIds::find(const std::string& topic) {
  std::lock_guard lock(mutex_);
  auto described = admin_.describe({topic}, kafka::milliseconds(3000));
  if (!described) return std::unexpected(described.error());
  if (!described->front()) return std::unexpected(described->front().error());
  return described->front()->id;
}

Result<std::vector<TopicPartition>> TopicIds::partitions(const std::vector<std::string>& topics) {
  std::lock_guard lock(mutex_);
  const auto described = admin_.describe(topics, kafka::milliseconds(3000));
  if (!described) return std::unexpected(described.error());
  std::vector<TopicPartition> all;
  for (const auto& topic : *described) {
    if (!topic) continue;
    for (const PartitionId partition : topic->partitions) all.push_back({topic->name, partition});
  }
  return all;
}

}  // namespace millrace::pipeline

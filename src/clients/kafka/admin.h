#pragma once
// Topics, their ids and configurations. Any thread, one at a time.

#include <memory>

#include "clients/kafka/types.h"

namespace millrace::kafka {

struct NewTopic {
  std::string name;
  int32_t partitions = 1;
  int32_t replication = -1;  // -1: the broker's default
  std::map<std::string, std::string> configs;
};
struct TopicDescription {
  std::string name;
  TopicId id;
  std::vector<PartitionId> partitions;
  int replicas_min = 0;  // over the partitions
};
enum class Created { kNew, kExisted };

class Admin {
 public:
  static Result<Admin> create(const KafkaProperties& properties);
  Admin(Admin&&) noexcept;
  Admin& operator=(Admin&&) noexcept;
  ~Admin();

  Result<Created> create_topic(const NewTopic& topic, milliseconds timeout = milliseconds(10'000));
  Status delete_topic(const std::string& name, milliseconds timeout = milliseconds(10'000));
  Result<std::vector<std::string>> list_topics(milliseconds timeout = milliseconds(10'000));
  // One result a name, in order; a topic that doesn't exist is kPermanent (also for a moment after it was created).
  Result<std::vector<Result<TopicDescription>>> describe(const std::vector<std::string>& names, milliseconds timeout = milliseconds(10'000));
  Result<std::map<std::string, std::string>> topic_configs(const std::string& name, milliseconds timeout = milliseconds(10'000));
  Result<std::map<std::string, std::string>> broker_configs(milliseconds timeout = milliseconds(10'000));
  // Deletes what stands before `before` (-1: everything).
  Status delete_records(const TopicPartition& partition, Offset before, milliseconds timeout = milliseconds(10'000));
  // Forgets the group and its offsets; refused while it has members.
  Status delete_group(const std::string& group, milliseconds timeout = milliseconds(10'000));

 private:
  struct Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka

#pragma once
// Reads where the group's partitions stand. One thread; calls block up to the settings' patience.

#include <string>
#include <vector>

#include "clients/kafka/admin.h"
#include "clients/kafka/group_admin.h"
#include "clients/kafka/reader.h"
#include "tools/operate/partition_state.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

class GroupView {
 public:
  static Result<GroupView> create(const Settings& settings);

  // All partitions of the settings' topics; without topics, those that the group has offsets of.
  Result<std::vector<TopicPartition>> partitions();
  // A stable read: a pending transaction is waited for, and one that outlasts the patience leaves its partition kUnknown.
  Result<std::vector<PartitionState>> read(const std::vector<TopicPartition>& partitions);
  // With the owners, as far as the group can tell. For people: read() is what acts are decided by.
  Result<std::vector<PartitionState>> read_with_owners(const std::vector<TopicPartition>& partitions);
  Result<kafka::Watermarks> watermarks(const TopicPartition& partition);
  kafka::GroupAdmin& groups() { return groups_; }

 private:
  GroupView(const Settings& settings, kafka::Admin admin, kafka::GroupAdmin groups, kafka::Reader reader)
      : settings_(settings), admin_(std::move(admin)), groups_(std::move(groups)), reader_(std::move(reader)) {}
  Result<std::map<std::string, Result<TopicId>>> topic_ids(const std::vector<TopicPartition>& partitions);

  Settings settings_;
  kafka::Admin admin_;
  kafka::GroupAdmin groups_;
  kafka::Reader reader_;
};

}  // namespace millrace::operate

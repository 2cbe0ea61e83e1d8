#pragma once
// Sees to it that no partition stays without a member.
//
// A static member that ends between giving partitions back and joining again leaves them with nobody: the broker gives its next self the
// assignment that it had, without a rebalance, and so nobody deals them out. A guest that joins the group and leaves it makes the group do so.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clients/kafka/types.h"
#include "clients/metrics/registry.h"

namespace millrace::pipeline {

struct GroupWatchSettings {
  kafka::KafkaProperties kafka;
  std::string group;
  std::string guest_topic;  // what the guest subscribes to: a topic that the group's members don't
  std::chrono::milliseconds patience{30'000};
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds interval{5'000};  // between two looks
};

class GroupWatch {
 public:
  // `all`: the partitions that the group should hold; called on the watch's thread, may block for some seconds.
  GroupWatch(GroupWatchSettings settings, std::function<Result<std::vector<TopicPartition>>()> all, metrics::Registry& metrics);
  ~GroupWatch();  // blocks for some seconds at most

 private:
  void run(const std::stop_token& stop);
  Status be_a_guest(const std::stop_token& stop) const;

  GroupWatchSettings settings_;
  std::function<Result<std::vector<TopicPartition>>()> all_;
  metrics::Gauge unassigned_;
  metrics::Counter visits_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace millrace::pipeline

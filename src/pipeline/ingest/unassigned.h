#pragma once
// Which partitions of a group's topics no member holds, and for how long. Pure: the caller says what it saw, and when.

#include <chrono>
#include <map>
#include <vector>

#include "clients/kafka/group_admin.h"

namespace millrace::pipeline {

class Unassigned {
 public:
  using Clock = std::chrono::steady_clock;

  // A partition that is taken from a member is with nobody until the member has finished what it has in flight: `patience` is longer than that.
  explicit Unassigned(std::chrono::milliseconds patience) : patience_(patience) {}

  // What the group looked like at `now`, and all partitions that it should hold. Returns whether some have been with nobody for `patience`.
  // A group that is empty or rebalancing holds nothing, and proves nothing.
  bool look(const kafka::GroupDescription& group, const std::vector<TopicPartition>& all, Clock::time_point now) {
    std::map<TopicPartition, Clock::time_point> found;
    if (group.state == kafka::GroupDescription::State::kStable) {
      for (const TopicPartition& partition : all) found[partition] = now;
      for (const auto& member : group.members)
        for (const TopicPartition& partition : member.partitions) found.erase(partition);
    }
    bool too_long = false;
    for (auto& [partition, since] : found) {
      if (const auto before = since_.find(partition); before != since_.end()) since = before->second;
      too_long = too_long || now - since >= patience_;
    }
    since_ = std::move(found);
    return too_long;
  }

  std::vector<TopicPartition> partitions() const {
    std::vector<TopicPartition> all;
    for (const auto& each : since_) all.push_back(each.first);
    return all;
  }
  // Counts from anew: something was done about them.
  void forget() { since_.clear(); }

 private:
  std::chrono::milliseconds patience_;
  std::map<TopicPartition, Clock::time_point> since_;
};

}  // namespace millrace::pipeline

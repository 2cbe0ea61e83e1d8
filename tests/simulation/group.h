#pragma once
// The coordinator of the consumer group: static members, generations, cooperative rebalances. A partition goes to another member
// only when its holder let it go, or is no member any more.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/broker.h"

namespace millrace::simulation {

class Lane;

class Group {
 public:
  explicit Group(World& world) : world_(world) {}

  // Requests that arrived. A member of the lane's name is replaced, its generation kept.
  void join(Lane& lane);
  void joins_again(uint64_t member, const std::vector<TopicPartition>& released);
  void leave_unless_heard(const Lane& lane);  // its session timed out
  void rebalance();

  bool is_member(const Membership& claimed) const;
  bool empty() const { return members_.empty(); }
  Lane* holder(const TopicPartition& partition) const;  // nullptr: nobody

 private:
  struct Member {
    uint64_t id = 0;
    Lane* lane = nullptr;
    bool joined = false;  // this rebalance
  };
  void remove(const std::string& name);
  void prompt(Member& member);
  void complete_if_joined();
  void complete();
  std::set<TopicPartition> held_by(uint64_t member) const;

  World& world_;
  std::map<std::string, Member> members_;  // by name, which is group.instance.id
  std::map<TopicPartition, uint64_t> holders_, targets_;
  int generation_ = 0;
  uint64_t ids_ = 0;
  bool preparing_ = false;
};

}  // namespace millrace::simulation

#pragma once
// Consumer groups as seen from outside: their members, what each of them holds, and what they have offsets of. Any thread, one at a time.

#include <memory>

#include "clients/kafka/types.h"

namespace millrace::kafka {

struct GroupMember {
  std::string member_id, client_id, host;
  std::string instance_id;                 // group.instance.id; empty: a dynamic member
  std::vector<TopicPartition> partitions;  // assigned to it; empty while the group rebalances
};
struct GroupDescription {
  enum class State {
    kNoMembers,  // empty, or there is no such group
    kStable,     // every member has its assignment (it may not have let go yet of what was taken from it)
    kRebalancing,
  };
  State state = State::kRebalancing;
  std::vector<GroupMember> members;
};

class GroupAdmin {
 public:
  static Result<GroupAdmin> create(const KafkaProperties& properties);
  GroupAdmin(GroupAdmin&&) noexcept;
  GroupAdmin& operator=(GroupAdmin&&) noexcept;
  ~GroupAdmin();

  Result<GroupDescription> describe(const std::string& group, milliseconds timeout = milliseconds(10'000));
  // Those that the group has committed offsets for, sorted; a pending transaction's first offset counts only once it is settled.
  Result<std::vector<TopicPartition>> partitions(const std::string& group, milliseconds timeout = milliseconds(10'000));

 private:
  struct Impl;
  explicit GroupAdmin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka

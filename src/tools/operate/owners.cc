#include "tools/operate/owners.h"

#include <algorithm>
#include <set>
#include <thread>

#include "base/log.h"
#include "clients/kafka/transactional_producer.h"
#include "tools/operate/partition_state.h"

namespace millrace::operate {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using kafka::GroupDescription;
using kafka::GroupMember;

namespace {

constexpr milliseconds kLookAgain{500}, kFence{10'000};

Status fence(const Settings& settings, const GroupMember& member) {
  if (member.instance_id.empty())
    return permanent("the member " + member.client_id + " (" + member.host + ") of group " + settings.group +
                     " is no lane of millrace: it has no instance id, so its commits can't be fenced; stop it first");
  kafka::TransactionalSettings producer{.kafka = settings.kafka, .transactional_id = transactional_id_of_lane(member.instance_id)};
  auto created = kafka::TransactionalProducer::create(producer);
  if (!created) return std::unexpected(created.error());
  const auto until = Clock::now() + settings.patience;
  while (true) {
    const auto fenced = created->init(kFence);
    if (fenced) break;
    if (fenced.error().failure != kafka::TransactionFailure::kTransient || Clock::now() > until)
      return transient("fencing " + member.instance_id + ": " + fenced.error().message, fenced.error().code);
  }
  log::info("{} was fenced: it reads its offsets again before it commits anything", member.instance_id);
  return {};
}

Status fence_all(const Settings& settings, const std::vector<GroupMember>& members) {
  for (const GroupMember& member : members)
    if (auto fenced = fence(settings, member); !fenced) return fenced;
  return {};
}

// The members that hold the partitions; none: not all of them have an owner.
std::optional<std::vector<GroupMember>> owners_of(const GroupDescription& group, const std::vector<TopicPartition>& partitions) {
  std::set<TopicPartition> left(partitions.begin(), partitions.end());
  std::vector<GroupMember> owners;
  for (const GroupMember& member : group.members) {
    bool holds = false;
    for (const TopicPartition& partition : member.partitions) holds |= left.erase(partition) > 0;
    if (holds) owners.push_back(member);
  }
  if (!left.empty()) return std::nullopt;
  return owners;
}

}  // namespace

std::string transactional_id_of_lane(const std::string& instance_id) { return "millrace-" + instance_id; }

Status fence_owners(const Settings& settings, kafka::GroupAdmin& groups, const std::vector<TopicPartition>& partitions) {
  const auto until = Clock::now() + settings.patience;
  std::string said;
  while (true) {
    const auto group = groups.describe(settings.group);
    if (!group) return std::unexpected(group.error());
    if (group->state == GroupDescription::State::kNoMembers) return {};
    const auto owners = group->state == GroupDescription::State::kStable ? owners_of(*group, partitions) : std::nullopt;
    if (owners) return fence_all(settings, *owners);
    if (Clock::now() > until) {
      if (group->state != GroupDescription::State::kStable)
        return transient("group " + settings.group + " rebalances all the time: try again when it has come to rest");
      log::warn("not all of the partitions have an owner in group {}: every lane is fenced", settings.group);
      return fence_all(settings, group->members);
    }
    if (std::exchange(said, "said").empty()) log::info("waiting: group {} rebalances", settings.group);
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace millrace::operate

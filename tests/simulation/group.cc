#include "simulation/group.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

constexpr int64_t kRebalanceTimeoutMs = 15'000;

bool Group::is_member(const Membership& claimed) const {
  if (claimed.generation != generation_) return false;
  return std::ranges::any_of(members_, [&](const auto& m) { return m.second.id == claimed.member; });
}

std::set<TopicPartition> Group::held_by(uint64_t member) const {
  std::set<TopicPartition> held;
  for (const auto& [name, holder] : holders_)
    if (holder == member) held.insert(name);
  return held;
}
Lane* Group::holder(const TopicPartition& partition) const {
  const auto at = holders_.find(partition);
  for (const auto& [name, m] : members_)
    if (at != holders_.end() && m.id == at->second) return m.lane;
  return nullptr;
}

void Group::join(Lane& lane) {
  const uint64_t id = ++ids_;
  const auto former = members_.find(lane.name());
  if (former == members_.end()) {
    members_[lane.name()] = {id, &lane, preparing_};
    lane.became_member({id, -1});
    return rebalance();
  }
  Member& member = former->second;  // static: the place is kept, and so is the generation
  const std::set<TopicPartition> held = held_by(member.id);
  std::vector<TopicPartition> given, orphaned;
  for (const auto& name : held) (targets_[name] == member.id ? given : orphaned).push_back(name);
  world_.env.trace([&] { return "group: " + lane.name() + " replaces its former self, generation " + std::to_string(generation_) + " kept"; });
  if (member.lane != &lane) member.lane->fenced();
  for (const auto& name : given) holders_[name] = targets_[name] = id;
  for (const auto& name : orphaned) holders_.erase(name);
  member = {id, &lane, preparing_};
  lane.became_member({id, -1});
  if (!preparing_)
    lane.synchronised({id, generation_}, {}, given);
  else
    for (const auto& name : given) holders_.erase(name);  // a new client claims nothing in the rebalance under way
  if (preparing_)
    complete_if_joined();
  else if (!orphaned.empty() || world_.env.random.chance(0.2))
    rebalance();
}

void Group::joins_again(uint64_t id, const std::vector<TopicPartition>& released) {
  for (auto& [name, member] : members_) {
    if (member.id != id) continue;
    for (const auto& p : released)
      if (const auto at = holders_.find(p); at != holders_.end() && at->second == id) holders_.erase(at);
    if (!preparing_) {
      if (released.empty()) return;  // an answer to a prompt of before
      rebalance();
    }
    member.joined = true;
    return complete_if_joined();
  }
}

void Group::remove(const std::string& name) {
  const Member gone = members_.at(name);
  members_.erase(name);
  for (const auto& p : held_by(gone.id)) holders_.erase(p);
  world_.env.trace([&] { return "group: " + name + " is no member any more"; });
  gone.lane->lost_membership(gone.id);
}

void Group::leave_unless_heard(const Lane& lane) {
  const auto at = members_.find(lane.name());
  if (at == members_.end() || at->second.lane != &lane) return;
  remove(lane.name());
  rebalance();
}

void Group::prompt(Member& member) { member.lane->prompted(member.id); }

void Group::rebalance() {
  if (members_.empty()) {
    preparing_ = false;
    return;
  }
  if (preparing_) return complete_if_joined();
  preparing_ = true;
  for (auto& [name, member] : members_)
    if (!member.joined) prompt(member);
  const int now = generation_;
  world_.env.queue.after(kRebalanceTimeoutMs, [this, now] {
    if (!preparing_ || generation_ != now) return;
    std::vector<std::string> late;
    for (const auto& [name, member] : members_)
      if (!member.joined) late.push_back(name);
    for (const auto& name : late) remove(name);
    if (members_.empty())
      preparing_ = false;
    else
      complete();
  });
  complete_if_joined();
}

void Group::complete_if_joined() {
  if (preparing_ && !members_.empty() && std::ranges::all_of(members_, [](const auto& m) { return m.second.joined; })) complete();
}

void Group::complete() {
  preparing_ = false;
  ++generation_;
  std::vector<uint64_t> ids;
  for (const auto& [name, member] : members_) ids.push_back(member.id);
  std::map<uint64_t, std::vector<TopicPartition>> given, taken;
  for (const LogPartition* p : world_.log.current()) {
    const auto at = holders_.find(p->name);
    const uint64_t holder = at == holders_.end() ? 0 : at->second;
    const uint64_t target = holder != 0 && world_.env.random.chance(world_.env.quiet ? 1 : 0.6) ? holder : world_.env.random.pick(ids);
    targets_[p->name] = target;
    if (holder == 0)
      given[target].push_back(p->name), holders_[p->name] = target;
    else if (holder != target)
      taken[holder].push_back(p->name);
  }
  world_.env.trace([&] { return "group: generation " + std::to_string(generation_) + " of " + std::to_string(ids.size()) + " members"; });
  for (auto& [name, member] : members_) {
    member.joined = false;
    member.lane->synchronised({member.id, generation_}, taken[member.id], given[member.id]);
  }
}

}  // namespace millrace::simulation

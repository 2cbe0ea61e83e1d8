// What an operator does, as the judge sees it: what is given up is dead-lettered or declared, once, and everything behind it goes on.
#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

void Checker::retried(const TopicPartition& partition) {
  for (auto& [key, times] : rebuilds_)
    if (key.second == partition) times = 0;
}

void Checker::abandoned(const Plan& plan, const std::vector<TopicPartition>& partitions, const std::vector<Letter>& letters) {
  ++world_.saw.abandoned;
  lettered("the operator", letters);
  for (const auto& name : partitions) {
    const PlanRange& range = *plan.find(name);
    LogPartition& p = *world_.log.find(range.topic_id, name.partition);
    for (int64_t at = range.offsets.begin.value; at < range.offsets.end.value; ++at) {
      auto& there = arrived(p, at);
      there.given_up = true;
      if (p.records[static_cast<size_t>(at)].kind != LogPartition::Kind::kHole && at >= p.first && there.rows + there.letters != 1)
        throw Violation("abandoned: " + to_string(name) + " at " + std::to_string(at) + " has " + std::to_string(there.rows) + " rows and " +
                        std::to_string(there.letters) + " dead letters");
    }
    skipped(range.topic_id, name.partition, range.offsets);  // declared, or billing has nothing of the partition yet
    decided_[name] = last_[{range.topic_id, name.partition}] = {range.offsets.end, range.topic_id, nullptr};
  }
}

// Between what was committed by a lane and what an operator accepts, nobody looks again.
void Checker::accepted(const LogPartition& partition, Offset at) {
  ++world_.saw.accepted;
  const std::pair key{partition.topic, partition.name.partition};
  LogPartition& p = *world_.log.find(partition.topic, partition.name.partition);
  beginnings_.try_emplace(key, Offset(0));
  for (int64_t passed = committed_end(partition); passed < at.value; ++passed) arrived(p, passed).given_up = true;
  skipped(partition.topic, partition.name.partition, {Offset(0), at});
  decided_[partition.name] = last_[key] = {at, partition.topic, nullptr};
  tampered_.erase(partition.name);
}

int64_t Checker::rows_end(const LogPartition& partition) const {
  for (int64_t at = partition.last_end(); at > 0; --at)
    if (arrived(partition, at - 1).rows > 0) return at;
  return 0;
}

bool Checker::planned_elsewhere(const LogPartition& partition) const {
  return std::ranges::any_of(decided_, [&](const auto& d) {
    const auto& [name, now] = d;
    const PlanRange* range = name != partition.name && now.plan && !tampered_.contains(name) ? now.plan->find(partition.name) : nullptr;
    return range != nullptr && range->topic_id == partition.topic;
  });
}

int64_t Checker::committed_end(const LogPartition& partition) const {
  const auto last = last_.find({partition.topic, partition.name.partition});
  return last == last_.end() ? 0 : last->second.offset.value;
}

}  // namespace millrace::simulation

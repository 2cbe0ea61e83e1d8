// What a partition may stop for, and what must be true of every record when a run is over.
#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {}  // namespace

Sightings& Sightings::operator+=(const Sightings& more) {
  for (auto field : {&Sightings::commits, &Sightings::refused, &Sightings::unknown, &Sightings::adoptions, &Sightings::plans, &Sightings::inserts,
                     &Sightings::deduplicated, &Sightings::refused_late, &Sightings::lost_at_rename, &Sightings::lost, &Sightings::revoked, &Sightings::stopped,
                     &Sightings::crashes, &Sightings::freezes})
    this->*field += more.*field;
  return *this;
}

bool Checker::poisoned(const PlanPtr& plan) const {
  return plan && std::ranges::any_of(plan->ranges, [&](const PlanRange& range) {
           const LogPartition* p = world_.log.find(range.topic_id, range.partition.partition);
           return range.offsets.begin.value <= p->poison && p->poison < range.offsets.end.value;
         });
}

// Something was done to it, or to a partition that shares its pending plan, from which only an operator can help it.
bool Checker::hopeless(const TopicPartition& partition) const {
  const auto broken = [&](const TopicPartition& one) {
    return tampered_.contains(one) || std::ranges::any_of(world_.log.all(), [&](const LogPartition& p) { return p.name == one && (p.damaged || p.deleted); });
  };
  if (broken(partition)) return true;
  const PlanPtr plan = pending(partition);
  return plan && std::ranges::any_of(plan->ranges, [&](const PlanRange& range) { return broken(range.partition); });
}

void Checker::stopped(const std::string& by, const TopicPartition& partition, const std::string& reason) {
  ++saw.stopped;
  world_.env.trace([&] { return by + ": " + to_string(partition) + " stopped: " + reason; });
  const bool waits = reason.find("waits for") != std::string::npos;
  const bool adoptions = reason.find("times in a row") != std::string::npos && saw.adoptions > 0;
  if (!waits && !adoptions && !hopeless(partition) && !ever_tampered_.contains(partition))
    throw Violation("stopped without a cause: " + to_string(partition) + " by " + by + ": " + reason);
}

bool Checker::finished(const LogPartition& partition, bool stopped) const {
  if (stopped && (hopeless(partition.name) || poisoned(pending(partition.name)))) return true;
  const auto now = decided_.find(partition.name);
  return now != decided_.end() && now->second.topic == partition.topic && !now->second.plan && now->second.offset.value == partition.last_end();
}

void Checker::at_the_end() {
  for (const LogPartition& p : world_.log.all()) {
    const std::pair key{p.topic, p.name.partition};
    const auto begun = beginnings_.find(key);
    const auto last = last_.find(key);
    const int64_t begin = begun == beginnings_.end() ? p.last_end() : begun->second.value;
    const int64_t end = last == last_.end() ? begin : last->second.offset.value;
    const PlanRange* range = last != last_.end() && last->second.plan ? last->second.plan->find(p.name) : nullptr;
    const int64_t planned = range != nullptr ? range->offsets.end.value : end;
    if (p.younger && begun != beginnings_.end() && begin != 0)
      throw Violation("missing: " + to_string(p.name) + " is younger than the pipeline and begins at " + std::to_string(begin));
    for (int64_t at = 0; at < p.last_end(); ++at) {
      using Kind = LogPartition::Kind;
      const auto& record = p.records[static_cast<size_t>(at)];
      const int rows = record.rows, letters = record.letters;
      const bool due = at >= begin && at < end && record.kind != Kind::kHole;
      const bool right = due ? (record.kind == Kind::kRow      ? rows == 1 && letters == 0
                                : record.kind == Kind::kLetter ? rows == 0 && letters == 1
                                                               : rows + letters == 1)
                             : letters == 0 && (rows == 0 || (at >= end && at < planned && rows == 1));
      const int alerts = record.alerts, raised = due && rows == 1 && record.raises ? 1 : 0;
      if (right && alerts != raised && !(p.deleted && at >= end && alerts <= 1))
        throw Violation((raised > alerts ? "missing: " : "wrong: ") + to_string(p.name) + " at " + std::to_string(at) + " has " + std::to_string(alerts) +
                        " alerts, and should have " + std::to_string(raised));
      if (!right && !(p.deleted && at >= end && rows + letters <= 1))  // a deleted topic's last transaction isn't followed
        throw Violation((due && rows + letters == 0 ? "missing: " : "wrong: ") + to_string(p.name) + " at " + std::to_string(at) + " has " +
                        std::to_string(rows) + " rows and " + std::to_string(letters) + " dead letters");
    }
  }
}

std::string Checker::state_of(const LogPartition& p) const {
  const auto now = decided_.find(p.name);
  std::string state = to_string(p.name) + ": log ends at " + std::to_string(p.last_end()) + ", ";
  if (now == decided_.end()) return state + "nothing committed";
  state += "committed " + std::to_string(now->second.offset.value);
  if (now->second.plan) state += " with plan " + to_string(now->second.plan->id.value);
  return state;
}

}  // namespace millrace::simulation

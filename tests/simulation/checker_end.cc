// What a partition may stop for, and what must be true of every record when a run is over.
#include <algorithm>
#include <span>

#include "simulation/world.h"

namespace millrace::simulation {

Sightings& Sightings::operator+=(const Sightings& more) {
  constexpr size_t kCounts = sizeof(Sightings) / sizeof(uint64_t);
  const std::span mine(reinterpret_cast<uint64_t*>(this), kCounts);
  const std::span others(reinterpret_cast<const uint64_t*>(&more), kCounts);
  for (size_t i = 0; i < kCounts; ++i) mine[i] += others[i];
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
  ++world_.saw.stopped;
  world_.env.trace([&] { return by + ": " + to_string(partition) + " stopped: " + reason; });
  const bool waits = reason.find("waits for") != std::string::npos;
  const bool adoptions = reason.find("times in a row") != std::string::npos && world_.saw.adoptions > 0;
  const PlanPtr plan = pending(partition);
  const bool refused_rightly = plan && refused(plan->id) != Cause::kNone;
  if (!waits && !adoptions && !refused_rightly && !hopeless(partition) && !ever_tampered_.contains(partition))
    throw Violation("stopped without a cause: " + to_string(partition) + " by " + by + ": " + reason);
}

bool Checker::finished(const LogPartition& partition, bool stopped) const {
  const PlanPtr plan = pending(partition.name);
  if (stopped && (hopeless(partition.name) || poisoned(plan) || (plan && refused(plan->id) == Cause::kForGood))) return true;
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
      throw Violation("missing: " + pipeline_.name + " " + to_string(p.name) + " is younger than the pipeline and begins at " + std::to_string(begin));
    for (int64_t at = 0; at < p.last_end(); ++at) {
      if (right_at_the_end(p, at, begin, end, planned)) continue;
      const auto& there = arrived(p, at);
      const bool due = at >= begin && at < end && p.records[static_cast<size_t>(at)].kind != LogPartition::Kind::kHole;
      throw Violation(std::string(due && there.rows + there.letters == 0 ? "missing: " : "wrong: ") + pipeline_.name + " " + to_string(p.name) + " at " +
                      std::to_string(at) + (due ? ", which is due," : "") + " has " + std::to_string(there.rows) + " rows, " + std::to_string(there.letters) +
                      " dead letters, " + std::to_string(there.alerts) + " alerts, and is billed " + std::to_string(there.billed) + " times");
    }
  }
}

// `end`: committed; up to `planned` a plan is pending, which sinks may have.
bool Checker::right_at_the_end(const LogPartition& p, int64_t at, int64_t begin, int64_t end, int64_t planned) const {
  using Kind = LogPartition::Kind;
  const auto& record = p.records[static_cast<size_t>(at)];
  const auto& [rows, letters, alerts, billed, skipped, given_up] = arrived(p, at);
  if (p.deleted && at >= end) return rows + letters <= 1 && alerts <= 1 && billed <= 1;  // a deleted topic's last transaction isn't followed
  if (record.kind == Kind::kHole || at < begin || at >= end) {
    const bool may_be_there = record.kind != Kind::kHole && at >= end && at < planned;
    return letters == 0 && alerts == 0 && rows <= may_be_there && billed <= may_be_there;
  }
  if (given_up) return rows + letters <= 1 && alerts <= rows && billed <= 1;                           // by an operator, see abandoned() and accepted()
  const bool dead = record.kind == Kind::kLetter || (record.kind == Kind::kUncertain && letters > 0);  // uncertain: as its plan decided
  const bool due = !dead && record.usage > 0 && pipeline_.sinks.billing;
  const bool lost = world_.ledger.restored() && (p.deleted || tampered_.contains(p.name));  // nobody can tell from where billing lacks it
  return letters == dead && rows == (!dead && pipeline_.sinks.rows()) && alerts == (!dead && record.raises && pipeline_.sinks.alerts) &&
         (billed == due || (billed == 0 && (skipped || lost)));
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

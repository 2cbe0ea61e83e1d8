#include "simulation/checker.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {

std::string name(const TopicPartition& p) { return p.topic + "/" + std::to_string(p.partition.value); }
std::string name(const PlanPtr& plan) { return "plan " + to_string(plan->id.value); }
[[noreturn]] void violated(const std::string& what) { throw Violation(what); }

}  // namespace

PlanPtr Checker::pending(const TopicPartition& partition) const {
  const auto at = decided_.find(partition);
  return at == decided_.end() ? nullptr : at->second.plan;
}

// I1, I2, I3 and I7, as far as transactions can break them.
void Checker::decided(const std::string& by, const std::vector<pipeline::action::Commit::Entry>& offsets, const std::vector<Letter>& letters) {
  ++world_.saw.commits;
  std::map<TopicPartition, Decided> next;
  std::vector<Letter> expected;
  for (const auto& e : offsets) {
    const auto metadata = pipeline::decode(e.metadata);
    if (!metadata || metadata->offset != e.offset) violated("I7: " + by + " committed " + name(e.partition) + " without its mark");
    world_.env.trace([&] {
      return "decided: " + by + " " + name(e.partition) + " at " + std::to_string(e.offset.value) + (metadata->plan ? ", " + name(metadata->plan) : "") +
             (metadata->adoptions > 0 ? ", adoption " + std::to_string(metadata->adoptions) : "") + (metadata->stopped ? ", stopped" : "");
    });
    if (tampered_.contains(e.partition)) violated("I7: " + by + " committed " + name(e.partition) + ", whose offset is not ours");
    const Decided now{e.offset, metadata->topic_id, metadata->plan};
    if (now.plan && metadata->adoptions == 0) rebuilds_.erase({now.plan->id, e.partition});
    const LogPartition* current = world_.log.current(e.partition);
    next[e.partition] = now;
    const auto before = decided_.find(e.partition);
    if (before == decided_.end()) {
      if (current->topic != now.topic) continue;  // the last words of a topic that was deleted with its offsets
      if (now.plan) violated("I7: the first commit of " + name(e.partition) + " carries a plan already");
      beginnings_[{now.topic, e.partition.partition}] = e.offset;
    } else if (before->second.topic != now.topic) {
      violated("I7: " + by + " goes on in " + name(e.partition) + " although the topic was made anew");
    } else if (before->second.offset != e.offset) {
      moved(e.partition, before->second, e.offset);
      for (const auto kind : {Letter::Kind::kDeadLetter, Letter::Kind::kAlert})
        if (kind == Letter::Kind::kDeadLetter || pipeline_.sinks.alerts)
          std::ranges::copy(world_.log.letters(kind, *before->second.plan, {e.partition}, before->second.plan->given_up), std::back_inserter(expected));
    } else if (before->second.plan && (!now.plan || now.plan->id != before->second.plan->id)) {
      violated("I3: " + by + " put " + (now.plan ? name(now.plan) : "nothing") + " in the place of " + name(before->second.plan) + " of " + name(e.partition));
    }
  }
  for (const auto& [partition, now] : next) {
    if (!now.plan) continue;
    const auto before = last_.find({now.topic, partition.partition});  // of that topic, though it and its offsets may be gone
    if (before == last_.end() || !before->second.plan || before->second.plan->id != now.plan->id) announced(now.plan, next);
  }
  lettered(by, letters);
  for (const Letter& e : expected)
    if (std::ranges::find(letters, e) == letters.end())
      violated("I2: " + by + " moved past the " + name(e.kind) + " of " + name(e.partition->name) + " at " + std::to_string(e.offset) + " without it");
  for (const auto& [partition, now] : next) {
    decided_[partition] = now;
    last_[{now.topic, partition.partition}] = now;
  }
}

void Checker::lettered(const std::string& by, const std::vector<Letter>& letters) {
  for (const Letter& letter : letters) {
    auto& there = arrived(*letter.partition, letter.offset);
    if (++(letter.kind == Letter::Kind::kAlert ? there.alerts : there.letters) > 1)
      violated("doubled: " + std::string(name(letter.kind)) + " of " + name(letter.partition->name) + " at " + std::to_string(letter.offset) + ", by " + by);
  }
}

void Checker::moved(const TopicPartition& partition, const Decided& from, Offset to) {
  const PlanRange* range = from.plan ? from.plan->find(partition) : nullptr;
  if (range == nullptr || range->offsets != OffsetRange{from.offset, to})
    violated("I2: " + name(partition) + " moved from " + std::to_string(from.offset.value) + " to " + std::to_string(to.value) +
             ", which no pending plan says");
  const size_t index = static_cast<size_t>(range - from.plan->ranges.data());
  LogPartition& p = *world_.log.find(range->topic_id, partition.partition);
  for (int64_t at = from.offset.value; at < to.value; ++at) {
    const auto& record = p.records[static_cast<size_t>(at)];
    if (record.kind == LogPartition::Kind::kHole || SourceLog::dead(from.plan->given_up, index, p, at)) continue;
    const auto& there = arrived(p, at);
    if (pipeline_.sinks.rows() && there.rows == 0)
      violated("I2: " + name(partition) + " moved past " + std::to_string(at) + ", which is " +
               (pipeline_.sinks.clickhouse ? "not in ClickHouse" : "in no manifest"));
    if (pipeline_.sinks.billing && record.usage > 0 && there.billed == 0 && !there.skipped && !world_.ledger.restored())
      violated("I2: " + name(partition) + " moved past " + std::to_string(at) + ", which is not billed");
  }
}

void Checker::announced(const PlanPtr& plan, const std::map<TopicPartition, Decided>& by) {
  if (announced_.contains(plan->id)) {
    for (const PlanRange& range : plan->ranges)
      if (const auto at = by.find(range.partition);
          at != by.end() && at->second.plan && at->second.plan->id == plan->id && at->second.offset != range.offsets.begin)
        violated("I3: " + name(plan) + " is announced a second time, for " + name(range.partition));
  }
  for (const PlanRange& range : plan->ranges) {
    const auto at = by.find(range.partition);
    if (at == by.end() || !at->second.plan || at->second.plan->id != plan->id)
      violated("I1: " + name(plan) + " isn't committed for all of its partitions at once");
    if (at->second.offset != range.offsets.begin) violated("I1: " + name(plan) + " doesn't begin at the committed offset of " + name(range.partition));
  }
  ++world_.saw.plans;
  announced_[plan->id] = plan;
}

void Checker::reading_from(const TopicPartition& partition, TopicId topic, Offset begin) {
  if (world_.log.find(topic, partition.partition)->deleted) return;  // by one who hasn't heard of it yet
  const auto now = decided_.find(partition);
  if (now == decided_.end()) violated("I7: " + name(partition) + " is read from " + std::to_string(begin.value) + ", which isn't committed");
  if (now->second.topic != topic) violated("I7: " + name(partition) + " is read from an offset of another topic of that name");
}

void Checker::rebuilding(PlanId plan, const std::vector<TopicPartition>& mine) {
  ++world_.saw.adoptions;
  for (const auto& partition : mine)
    if (++rebuilds_[{plan, partition}] > pipeline::LaneProtocol::kAdoptionsMax)
      violated("a plan that never survives the making of its rows is begun more than " + std::to_string(pipeline::LaneProtocol::kAdoptionsMax) + " times");
}

void Checker::released(const std::string& by, const TopicPartition& partition, PlanId in_flight) {
  const PlanPtr plan = pending(partition);
  if (plan && plan->id == in_flight) violated("I6: " + by + " let go of " + name(partition) + " in the middle of its " + name(plan));
}

}  // namespace millrace::simulation

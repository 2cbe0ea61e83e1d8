#include "simulation/operator.h"

#include <algorithm>
#include <utility>

#include "simulation/world.h"

namespace millrace::simulation {

void Operator::begin() {
  world_.env.once(world_.env.schedule.group_reset, [this] { group_reset(); });
}

// Stops the fleet, and, when the group is empty and nothing is pending, sets or deletes offsets.
void Operator::group_reset() {
  tampering_ = true;
  world_.env.trace([&] { return "operator: stops the fleet of " + pipeline_.name; });
  pipeline_.fleet.stop();
  tamper();
}

void Operator::tamper() {
  world_.env.queue.after(500, [this] {
    const auto partitions = world_.log.current();
    if (!pipeline_.group.empty() || std::ranges::any_of(partitions, [&](const auto* p) { return world_.broker.pending(pipeline_, p->name); })) return tamper();
    for (const LogPartition* p : partitions) tamper_with(*p);
    tampering_ = false;
    pipeline_.fleet.start_all();
  });
}

void Operator::tamper_with(const LogPartition& p) {
  const Broker::Committed* now = world_.broker.committed(pipeline_, p.name);
  if (now == nullptr || world_.env.random.chance(0.5)) return;
  const Broker::Committed was = *now;
  const Offset other(world_.env.random.between(0, p.last_end()));
  const size_t how = world_.env.random.below(4);
  if (how == 0) {  // kafka-consumer-groups --delete-offsets; where no sink has anything it is a first start, and harmless only if nothing was planned
    if (!pipeline_.checker.has_traces(p.name, p.topic)) return;
    world_.broker.set(pipeline_, p.name, std::nullopt);
  } else if (how == 1) {
    world_.broker.set(pipeline_, p.name, Broker::Committed{other, ""});  // --reset-offsets
  } else if (how == 2) {
    world_.broker.set(pipeline_, p.name, Broker::Committed{other, "a mirror was here"});
  } else {
    if (other == was.offset) return;
    world_.broker.set(pipeline_, p.name, Broker::Committed{other, was.metadata});  // a mirror that keeps metadata
  }
  world_.env.trace([&] { return "operator: tampers with " + pipeline_.name + " " + to_string(p.name) + ", way " + std::to_string(how); });
  pipeline_.checker.tampered(p.name);
  if (world_.env.random.chance(0.5)) before_[p.name] = was;
}

// A partition's owner looks at it every 5 s, and its owner may have to come back first: nothing stands still at once.
bool Operator::at_work() const {
  constexpr int kLooks = 5;
  return tampering_ || !before_.empty() || acts_.at_work() || ((world_.env.schedule.operator_acts || world_.ledger.restored()) && looks_ < kLooks) || lacking_;
}

void Operator::keep_the_peace() {
  ++looks_;
  mend();
  lacking_ = false;
  for (const LogPartition* p : world_.log.current()) {
    if (world_.ledger.restored() && pipeline_.sinks.billing && !acts_.skip_what_is_missing(*p)) lacking_ = true;
    const Lane* holder = pipeline_.group.holder(p->name);
    if (holder == nullptr || !holder->stopped(p->name) || world_.broker.pending(pipeline_, p->name)) continue;
    retry(p->name);
    if (world_.env.schedule.operator_acts || world_.ledger.restored()) act_on(*p);
  }
}

// What only giving up helps.
void Operator::act_on(const LogPartition& partition) {
  const Broker::Committed* now = world_.broker.committed(pipeline_, partition.name);
  const auto mark = now != nullptr ? pipeline::decode(now->metadata) : permanent("none");
  if (mark && mark->offset == now->offset && mark->topic_id == partition.topic) {
    if (mark->plan) acts_.abandon(mark->plan);
  } else if (now != nullptr && !before_.contains(partition.name)) {
    acts_.accept(partition);
  }
}

void Operator::mend() {
  for (const auto& [name, was] : std::exchange(before_, {})) {
    world_.env.trace([&] { return "operator: mends " + pipeline_.name + " " + to_string(name); });
    world_.broker.set(pipeline_, name, was);
    pipeline_.checker.mended(name);
  }
  if (pipeline_.sinks.warehouse) world_.disk.remove_foreign();
}

// millrace plan retry.
void Operator::retry(const TopicPartition& partition) {
  const Broker::Committed* now = world_.broker.committed(pipeline_, partition);
  if (now == nullptr || pipeline_.checker.poisoned(pipeline_.checker.pending(partition))) return;
  auto metadata = pipeline::decode(now->metadata);
  if (!metadata || metadata->offset != now->offset || !metadata->plan) return;
  const bool mended = metadata->stopped && pipeline_.checker.refused(metadata->plan->id) == Checker::Cause::kPasses;
  if (!mended && (metadata->stopped || metadata->adoptions < pipeline::LaneProtocol::kAdoptionsMax)) return;
  metadata->adoptions = 0;
  metadata->stopped = false;
  world_.env.trace([&] { return "operator: has the plan of " + pipeline_.name + " " + to_string(partition) + " tried again"; });
  world_.broker.set(pipeline_, partition, Broker::Committed{now->offset, pipeline::encode(*metadata)});
  pipeline_.checker.retried(partition);
}

}  // namespace millrace::simulation

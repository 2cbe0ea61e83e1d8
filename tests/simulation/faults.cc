#include "simulation/faults.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

void Faults::begin() {
  const Schedule& s = world_.env.schedule;
  again_and_again(s.crash_ms, &Faults::crash);
  again_and_again(s.freeze_ms, &Faults::freeze);
  again_and_again(s.rebalance_ms, &Faults::rebalance);
  again_and_again(s.restart_ms, &Faults::restart);
  again_and_again(s.catalog_ms, &Faults::new_catalog);
  again_and_again(s.server_crash_ms, &Faults::server_crash);
  again_and_again(s.power_loss_ms, &Faults::power_loss);
  again_and_again(s.clock_step_ms, &Faults::clock_step);
  once(s.upgrade, &Faults::upgrade);
  once(s.growth, &Faults::growth);
  once(s.remade_topic, &Faults::remade_topic);
  once(s.records_gone, &Faults::records_gone);
  once(s.records_differ, &Faults::records_differ);
  once(s.group_reset, &Faults::group_reset);
}

void Faults::again_and_again(int64_t mean_ms, void (Faults::*fault)()) {
  if (mean_ms == 0) return;
  world_.env.queue.after(world_.env.random.between(1, 2 * mean_ms), [=, this] {
    if (world_.env.quiet) return;
    (this->*fault)();
    again_and_again(mean_ms, fault);
  });
}

void Faults::once(bool wanted, void (Faults::*fault)()) {
  if (!wanted) return;
  world_.env.queue.after(world_.env.random.between(1, world_.env.schedule.faults_ms), [=, this] {
    if (!world_.env.quiet) (this->*fault)();
  });
}

Process* Faults::victim() {
  Process* process = world_.current(static_cast<int>(world_.env.random.below(static_cast<size_t>(world_.env.schedule.processes))));
  return process != nullptr && process->running() ? process : nullptr;
}

void Faults::come_back(int slot) {
  if (!group_stopped_ && world_.current(slot) == nullptr) world_.start_process(slot);
}

void Faults::died(int slot) {
  const int64_t ms = world_.env.quiet || world_.env.random.chance(0.5) ? world_.env.random.between(100, 2'000) : world_.env.random.between(500, 20'000);
  world_.env.queue.after(ms, [=, this] { come_back(slot); });
}

void Faults::crash() {
  if (Process* process = victim()) process->crash("a fault");
}

void Faults::freeze() {
  Process* process = victim();
  if (process == nullptr) return;
  process->freeze(world_.env.random.chance(0.5) ? world_.env.random.between(100, 5'000) : world_.env.random.between(1'000, 30'000));
  if (!world_.env.chance(world_.env.schedule.replaced)) return;
  const int slot = process->slot();
  world_.env.queue.after(world_.env.random.between(200, 6'000), [=, this] {
    if (!world_.env.quiet && !group_stopped_ && world_.current(slot) == process && process->frozen()) world_.start_process(slot);
  });
}

void Faults::rebalance() { world_.group.rebalance(); }

void Faults::restart() {
  if (Process* process = victim()) process->stop_cleanly();
}

// A version that the processes learn of one after the other.
void Faults::new_catalog() {
  const CatalogHash version({5, world_.catalogs.size() + 1});
  world_.catalogs.insert(version);
  for (auto& process : world_.processes)
    if (!process->dead())
      world_.env.queue.after(world_.env.random.between(0, world_.env.random.chance(0.3) ? 40'000 : 8'000),
                             [version, p = process.get()] { p->deliver([=] { p->learn(version); }); });
}

void Faults::server_crash() { world_.clickhouse.crash(); }
void Faults::power_loss() { world_.clickhouse.lose_power(); }
void Faults::clock_step() { world_.clickhouse.step_clock(); }

void Faults::upgrade() {
  world_.semantics = 2;
  if (Process* process = victim()) process->stop_cleanly();
}

void Faults::growth() {
  world_.log.grow();
  world_.group.rebalance();
}

void Faults::remade_topic() {
  const bool offsets_too = world_.env.random.chance(0.5);  // the group's coordinator hears of it, or comes too late
  const std::string topic = world_.log.make_anew();
  world_.env.trace([&] { return "topic " + topic + " is deleted and made anew" + (offsets_too ? ", its offsets are deleted" : ""); });
  for (const LogPartition* p : world_.log.current())
    if (p->name.topic == topic && offsets_too && !world_.broker.pending(p->name)) {
      world_.broker.set(p->name, std::nullopt);
      world_.checker.forget(p->name);
      before_.erase(p->name);
    }
}

void Faults::records_gone() {
  LogPartition& p = *world_.env.random.pick(world_.log.current());
  p.first = world_.env.random.between(0, p.end(world_.env.now()));
  p.damaged = true;
  world_.env.trace(
      [&] { return "records of " + p.name.topic + "/" + std::to_string(p.name.partition.value) + " below " + std::to_string(p.first) + " are gone"; });
}

void Faults::records_differ() {
  LogPartition& p = *world_.env.random.pick(world_.log.current());
  auto& record = world_.env.random.pick(p.records);
  const_cast<LogPartition::Record&>(record).value ^= 1;
  p.damaged = true;
  world_.env.trace([&] { return "a record of " + p.name.topic + "/" + std::to_string(p.name.partition.value) + " differs from now on"; });
}

// The operator stops the fleet, and, when the group is empty and nothing is pending, sets or deletes offsets.
void Faults::group_reset() {
  group_stopped_ = tampering_ = true;
  world_.env.trace([] { return "operator: stops the fleet"; });
  for (auto& process : world_.processes) process->crash("the operator stops it");
  tamper();
}

void Faults::tamper() {
  world_.env.queue.after(500, [this] {
    const auto partitions = world_.log.current();
    if (!world_.group.empty() || std::ranges::any_of(partitions, [&](const auto* p) { return world_.broker.pending(p->name); })) return tamper();
    for (const LogPartition* p : partitions) {
      const Broker::Committed* now = world_.broker.committed(p->name);
      if (now == nullptr || world_.env.random.chance(0.5)) continue;
      const Broker::Committed was = *now;
      const Offset other(world_.env.random.between(0, p->last_end()));
      const size_t how = world_.env.random.below(4);
      if (how == 0) {  // kafka-consumer-groups --delete-offsets; without rows it is a first start, and harmless only if nothing was planned
        if (!world_.checker.has_rows(p->name)) continue;
        world_.broker.set(p->name, std::nullopt);
      } else if (how == 1) {
        world_.broker.set(p->name, Broker::Committed{other, ""});  // --reset-offsets
      } else if (how == 2) {
        world_.broker.set(p->name, Broker::Committed{other, "a mirror was here"});
      } else {
        if (other == was.offset) continue;
        world_.broker.set(p->name, Broker::Committed{other, was.metadata});  // a mirror that keeps metadata
      }
      world_.env.trace(
          [&] { return "operator: tampers with " + p->name.topic + "/" + std::to_string(p->name.partition.value) + ", way " + std::to_string(how); });
      world_.checker.tampered(p->name);
      if (world_.env.random.chance(0.5)) before_[p->name] = was;
    }
    group_stopped_ = tampering_ = false;
    for (int slot = 0; slot < world_.env.schedule.processes; ++slot) come_back(slot);
  });
}

void Faults::end() {
  world_.env.trace([] { return "peace"; });
  world_.env.quiet = true;
  for (size_t i = 0; i < world_.processes.size(); ++i) {  // waking may start others
    Process& process = *world_.processes[i];
    if (process.dead()) continue;
    process.wake();
    for (const CatalogHash version : world_.catalogs) process.deliver([&] { process.learn(version); });
    if (process.semantics() != world_.semantics) process.stop_cleanly();
  }
  for (int slot = 0; slot < world_.env.schedule.processes; ++slot) come_back(slot);
}

void Faults::keep_the_peace() {
  for (const auto& [name, was] : std::exchange(before_, {})) {
    world_.env.trace([&] { return "operator: mends " + name.topic + "/" + std::to_string(name.partition.value); });
    world_.broker.set(name, was);
    world_.checker.mended(name);
  }
  for (const LogPartition* p : world_.log.current()) {
    const Broker::Committed* now = world_.broker.committed(p->name);
    const Lane* holder = world_.group.holder(p->name);
    if (now == nullptr || holder == nullptr || !holder->stopped(p->name) || world_.broker.pending(p->name) ||
        world_.checker.poisoned(world_.checker.pending(p->name)))
      continue;
    auto metadata = pipeline::decode(now->metadata);
    if (!metadata || metadata->offset != now->offset || metadata->stopped || metadata->adoptions < pipeline::LaneProtocol::kAdoptionsMax) continue;
    metadata->adoptions = 0;  // millrace plan retry
    world_.env.trace([&] { return "operator: has the plan of " + p->name.topic + "/" + std::to_string(p->name.partition.value) + " tried again"; });
    world_.broker.set(p->name, Broker::Committed{now->offset, pipeline::encode(*metadata)});
    world_.checker.retried(p->name);
  }
}

}  // namespace millrace::simulation

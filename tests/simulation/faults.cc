#include "simulation/faults.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

void Faults::begin() {
  Environment& env = world_.env;
  const Schedule& s = env.schedule;
  alert_topic_at_ = env.now() + s.alert_topic_ms;
  env.again_and_again(s.catalog_ms, [this] { new_catalog(); });
  env.again_and_again(s.server_crash_ms, [this] { world_.clickhouse.crash(); });
  env.again_and_again(s.power_loss_ms, [this] { world_.clickhouse.lose_power(); });
  env.again_and_again(s.clock_step_ms, [this] { world_.clickhouse.step_clock(); });
  env.again_and_again(s.ledger_crash_ms, [this] { world_.ledger.crash(); });
  if (s.ledger_restored) env.again_and_again(10'000, [this] { world_.ledger.back_up(); });
  env.once(s.ledger_restored, [this] { world_.ledger.restore(); });
  env.again_and_again(s.disk_full_ms, [this] { world_.disk.fill(); });
  env.again_and_again(s.disk_power_loss_ms, [this] { world_.disk.lose_power(); });
  env.once(s.upgrade, [this] { upgrade(); });
  env.once(s.growth, [this] { growth(); });
  env.once(s.remade_topic, [this] { remade_topic(); });
  env.once(s.records_gone, [this] { records_gone(); });
  env.once(s.records_differ, [this] { records_differ(); });
  if (s.outage == Server::kAlertTopic)
    begin_outage();  // who knows the topic once doesn't miss it any more
  else if (s.outage != Server::kNone)
    env.queue.after(env.random.between(0, s.faults_ms), [this] { begin_outage(); });
}

void Faults::begin_outage() {
  world_.env.trace([&] { return std::string(name(world_.env.schedule.outage)) + " is down, or full"; });
  outage_ = true;
  if (outage_of(Server::kClickHouse)) world_.clickhouse.crash();
  if (outage_of(Server::kLedger)) world_.ledger.crash();
}

void Faults::outage_over() {
  world_.env.trace([&] { return std::string(name(world_.env.schedule.outage)) + " is back"; });
  outage_ = false;
}

bool Faults::outage_of(Server server) const { return outage_ && world_.env.schedule.outage == server; }
bool Faults::alert_topic_there() const { return world_.env.now() >= alert_topic_at_ && !outage_of(Server::kAlertTopic); }

// A version that the processes learn of one after the other.
void Faults::new_catalog() {
  const CatalogHash version({5, world_.catalogs.size() + 1});
  world_.catalogs.insert(version);
  for (auto& pipeline : world_.pipelines) pipeline->fleet.hear_of(version);
}

void Faults::upgrade() {
  world_.semantics = 2;
  world_.env.random.pick(world_.pipelines)->fleet.upgrade();
}

void Faults::growth() {
  world_.log.grow();
  for (auto& pipeline : world_.pipelines) pipeline->fleet.rebalance();
}

void Faults::remade_topic() {
  const bool offsets_too = world_.env.random.chance(0.5);  // the group's coordinator hears of it, or comes too late
  const std::string topic = world_.log.make_anew();
  world_.env.trace([&] { return "topic " + topic + " is deleted and made anew" + (offsets_too ? ", its offsets are deleted" : ""); });
  for (auto& pipeline : world_.pipelines)
    for (const LogPartition* p : world_.log.current()) {
      if (p->name.topic != topic) continue;
      if (offsets_too && !world_.broker.pending(*pipeline, p->name)) world_.broker.set(*pipeline, p->name, std::nullopt);
      if (world_.broker.committed(*pipeline, p->name) != nullptr) continue;
      pipeline->checker.forget(p->name);  // whatever was done to it was done to the former topic
      pipeline->operators.forget(p->name);
    }
}

void Faults::records_gone() {
  LogPartition& p = *world_.env.random.pick(world_.log.current());
  p.first = world_.env.random.between(0, p.end(world_.env.now()));
  p.damaged = true;
  world_.env.trace([&] { return "records of " + to_string(p.name) + " below " + std::to_string(p.first) + " are gone"; });
}

void Faults::records_differ() {
  LogPartition& p = *world_.env.random.pick(world_.log.current());
  auto& record = world_.env.random.pick(p.records);
  const_cast<LogPartition::Record&>(record).value ^= 1;
  p.damaged = true;
  world_.env.trace([&] { return "a record of " + to_string(p.name) + " differs from now on"; });
}

void Faults::end() {
  world_.env.trace([] { return "peace"; });
  world_.env.quiet = true;
}

}  // namespace millrace::simulation

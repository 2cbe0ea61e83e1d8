#include "simulation/environment.h"

#include <cstdio>

namespace millrace::simulation {

namespace {

// Little else than late inserts and a server whose clock steps: what happens about the end of a term.
void focus_on_terms(Random& random, Schedule& s) {
  s.crash_ms = s.freeze_ms = s.restart_ms = s.rebalance_ms = s.server_crash_ms = s.power_loss_ms = 0;
  s.amid_actions = s.wrong_clocks = s.insert_lost = s.body_stalls = s.disk_slow = 0;
  s.group_reset = s.remade_topic = false;
  s.insert_late = 0.9;
  s.faults_ms = 60'000;
  s.processes = 1;
  s.lanes = 2;
  s.partitions = 3;
  s.clock_step_ms = random.between(30, 300);
}

// A ledger that dies at its commits and forgets ids soon, calls that come late and twice.
void focus_on_the_ledger(Random& random, Schedule& s) {
  s.wrong_clocks = s.wrong_generation = 0;
  s.server_crash_ms = s.power_loss_ms = s.clock_step_ms = 0;
  s.group_reset = s.remade_topic = s.records_gone = s.records_differ = s.poison = false;
  s.call_late = s.call_repeated = 0.4;
  s.ledger_answer_lost = s.dies_at_commit = 0.2;
  s.keeps_ids_ms = 0;
  s.crash_ms = random.between(3'000, 10'000);
}

// A warehouse whose machine loses power while files get their names.
void focus_on_the_disk(Random& random, Schedule& s) {
  s.group_reset = s.remade_topic = s.records_gone = s.records_differ = s.poison = false;
  s.disk_power_loss_ms = random.between(2'000, 8'000);
  s.file_slow = 0.3;
}

// A server that keeps tokens and loses rows, while slow inserts of several owners are under way.
void focus_on_lost_parts(Schedule& s) {
  s.power_loss_ms = s.clock_step_ms = 0;
  s.lost_at_rename = 0.5;
  s.disk_slow = s.insert_late = s.answer_lost = 0.3;
}

Sinks draw_sinks(Random& random) {
  const size_t dice = random.below(20);
  if (dice == 0) return {.alerts = true};
  if (dice <= 2) return {.billing = true, .alerts = random.chance(0.3)};
  if (dice <= 6) return {.warehouse = true, .billing = random.chance(0.4), .alerts = random.chance(0.3)};
  return {.clickhouse = true, .billing = random.chance(0.75), .alerts = random.chance(0.9)};
}

}  // namespace

const char* name(Server server) {
  constexpr const char* kNames[] = {"nothing", "ClickHouse", "billing", "the warehouse's disk", "the alerts' topic"};
  return kNames[static_cast<size_t>(server)];
}

bool Sinks::use(Server server) const {
  switch (server) {
    case Server::kNone: return false;
    case Server::kClickHouse: return clickhouse;
    case Server::kLedger: return billing;
    case Server::kDisk: return warehouse;
    case Server::kAlertTopic: return alerts;
  }
  return false;
}

Schedule make_schedule(Random& random) {
  const auto often = [&](double probability, double most) { return random.chance(probability) ? most * static_cast<double>(random.between(1, 10)) / 10 : 0.0; };
  const auto every = [&](double probability, int64_t least, int64_t most) { return random.chance(probability) ? random.between(least, most) : int64_t{0}; };
  Schedule s{};
  const size_t pipelines = random.chance(0.6) ? 1 : random.chance(0.85) ? 2 : kPipelinesMax;
  for (size_t i = 0; i < pipelines; ++i) s.pipelines.push_back(draw_sinks(random));
  s.one_process = pipelines > 1 && random.chance(0.5);
  s.processes = static_cast<int>(random.between(1, 3));
  s.lanes = static_cast<int>(random.between(1, 2));
  s.topics = static_cast<int>(random.between(1, 2));
  s.partitions = static_cast<int>(random.between(1, 3));
  s.records = static_cast<int>(random.between(4, 24));
  s.faults_ms = random.between(15'000, 60'000);
  s.start_at_end = random.chance(0.2);
  s.session_ms = random.chance(0.5) ? 10'000 : random.between(2'000, 6'000);
  s.drain_ms = random.between(1'000, 8'000);
  s.slow = often(0.6, 0.1);
  s.lost = often(0.6, 0.1);
  s.read_fails = often(0.3, 0.2);
  s.transaction_fails = often(0.3, 0.2);
  s.rebuild_fails = often(0.2, 0.3);
  s.crash_ms = every(0.6, 3'000, 20'000);
  s.freeze_ms = every(0.6, 3'000, 20'000);
  s.rebalance_ms = every(0.6, 1'000, 15'000);
  s.restart_ms = every(0.3, 4'000, 20'000);
  s.catalog_ms = every(0.4, 1'000, 12'000);
  s.amid_actions = often(0.4, 0.03);
  s.replaced = often(0.4, 1.0);
  s.insert_late = often(0.5, 0.4);
  s.insert_lost = often(0.3, 0.3);
  s.insert_repeated = often(0.3, 0.5);
  s.body_stalls = often(0.3, 0.3);
  s.disk_slow = often(0.4, 0.4);
  s.answer_lost = often(0.4, 0.5);
  s.lost_at_rename = often(0.4, 0.4);
  s.server_crash_ms = every(0.3, 3'000, 20'000);
  s.power_loss_ms = every(0.15, 10'000, 40'000);
  s.clock_step_ms = random.chance(0.5) ? every(0.3, 1'000, 10'000) : every(0.3, 100, 1'000);
  s.wrong_clocks = often(0.15, 0.7);
  s.call_late = often(0.5, 0.4);
  s.call_lost = often(0.4, 0.2);
  s.call_repeated = often(0.4, 0.4);
  s.ledger_slow = often(0.3, 0.3);
  s.ledger_answer_lost = often(0.4, 0.4);
  s.dies_at_commit = often(0.3, 0.3);
  s.ledger_crash_ms = every(0.3, 2'000, 15'000);
  s.keeps_ids_ms = random.chance(0.5) ? 0 : random.between(1'000, 60'000);
  s.wrong_generation = random.chance(0.03) ? 0.3 : 0;
  s.ledger_restored = random.chance(0.06);
  s.file_slow = often(0.4, 0.3);
  s.file_fails = often(0.3, 0.2);
  s.foreign_file = random.chance(0.06) ? 0.02 : 0;
  s.disk_full_ms = every(0.3, 3'000, 20'000);
  s.disk_power_loss_ms = every(0.2, 5'000, 30'000);
  s.outage = random.chance(0.25) ? static_cast<Server>(random.between(1, 4)) : Server::kNone;
  s.alert_topic_ms = random.chance(0.1) ? random.between(0, 20'000) : 0;
  s.upgrade = random.chance(0.2);
  s.growth = random.chance(0.2);
  s.remade_topic = random.chance(0.06);
  s.records_gone = random.chance(0.04);
  s.records_differ = random.chance(0.04);
  s.poison = random.chance(0.06);
  s.group_reset = random.chance(0.08);
  s.operator_acts = random.chance(0.5);
  if (random.chance(0.06))
    focus_on_terms(random, s);
  else if (random.chance(0.06))
    focus_on_lost_parts(s);
  else if (random.chance(0.06))
    focus_on_the_ledger(random, s);
  else if (random.chance(0.03))
    focus_on_the_disk(random, s);
  return s;
}

Environment::Environment(uint64_t seed, const Guards& rules, Trace trace)
    : random(seed), guards(rules), schedule(make_schedule(random)), trace_(std::move(trace)), began_(1'790'000'000'000 + random.between(0, 999)) {
  queue.set_now(began_);
}

int64_t Environment::delay() {
  if (quiet) return random.between(1, 4);
  if (random.chance(schedule.slow)) return random.between(100, random.chance(0.5) ? 1'000 : 5'000);
  return random.chance(0.9) ? random.between(1, 12) : random.between(10, 80);
}

void Environment::again_and_again(int64_t mean_ms, const std::function<void()>& fault) {
  if (mean_ms == 0) return;
  queue.after(random.between(1, 2 * mean_ms), [=, this] {
    if (quiet) return;
    fault();
    again_and_again(mean_ms, fault);
  });
}

void Environment::once(bool wanted, const std::function<void()>& fault) {
  if (!wanted) return;
  queue.after(random.between(1, schedule.faults_ms), [=, this] {
    if (!quiet) fault();
  });
}

void Environment::say(const std::string& text) const {
  char time[32];
  std::snprintf(time, sizeof time, "%9.3f  ", static_cast<double>(queue.now() - began_) / 1000);
  trace_(time + text);
}

}  // namespace millrace::simulation

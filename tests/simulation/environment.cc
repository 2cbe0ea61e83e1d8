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

// A server that keeps tokens and loses rows, while slow inserts of several owners are under way.
void focus_on_lost_parts(Schedule& s) {
  s.power_loss_ms = s.clock_step_ms = 0;
  s.lost_at_rename = 0.5;
  s.disk_slow = s.insert_late = s.answer_lost = 0.3;
}

}  // namespace

Schedule make_schedule(Random& random) {
  const auto often = [&](double probability, double most) { return random.chance(probability) ? most * static_cast<double>(random.between(1, 10)) / 10 : 0.0; };
  const auto every = [&](double probability, int64_t least, int64_t most) { return random.chance(probability) ? random.between(least, most) : int64_t{0}; };
  Schedule s{};
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
  s.upgrade = random.chance(0.2);
  s.growth = random.chance(0.2);
  s.remade_topic = random.chance(0.06);
  s.records_gone = random.chance(0.04);
  s.records_differ = random.chance(0.04);
  s.poison = random.chance(0.06);
  s.group_reset = random.chance(0.08);
  if (random.chance(0.06))
    focus_on_terms(random, s);
  else if (random.chance(0.06))
    focus_on_lost_parts(s);
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

void Environment::say(const std::string& text) const {
  char time[32];
  std::snprintf(time, sizeof time, "%9.3f  ", static_cast<double>(queue.now() - began_) / 1000);
  trace_(time + text);
}

}  // namespace millrace::simulation

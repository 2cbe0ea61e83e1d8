#include "simulation/world.h"

#include <algorithm>

namespace millrace::simulation {
namespace {

constexpr int64_t kPeaceMaxMs = 240'000;  // a plan of a lane whose clock was wrong waits for up to two minutes
constexpr int64_t kLookMs = 250;
constexpr uint64_t kEventsMax = 2'000'000;  // a run takes some thousands

}  // namespace

World::World(uint64_t seed, const Guards& guards, const Trace& trace)
    : env(seed, guards, trace), catalogs{CatalogHash({5, 1})}, log(env), checker(*this), broker(*this), group(*this), clickhouse(*this), faults(*this) {}

Process* World::current(int slot) {
  for (auto at = processes.rbegin(); at != processes.rend(); ++at)
    if ((*at)->slot() == slot) return (*at)->dead() ? nullptr : at->get();
  return nullptr;
}

Process& World::start_process(int slot) {
  env.trace([&] { return "process " + std::to_string(slot) + " starts"; });
  processes.push_back(std::make_unique<Process>(*this, slot, static_cast<int>(processes.size())));
  processes.back()->start();
  return *processes.back();
}

bool World::finished() {
  return std::ranges::all_of(log.current(), [&](const LogPartition* p) {
    const Lane* holder = group.holder(p->name);
    return checker.finished(*p, holder != nullptr && holder->stopped(p->name));
  });
}

std::string World::state() {
  std::string text = "nothing moves any more:";
  for (const LogPartition* p : log.current()) text += "\n    " + checker.state_of(*p);
  for (int slot = 0; slot < env.schedule.processes; ++slot) {
    Process* process = current(slot);
    if (process == nullptr)
      text += "\n    process " + std::to_string(slot) + " is dead";
    else
      for (const auto& lane : process->lanes()) text += "\n    " + lane->state();
  }
  return text;
}

void World::run_until(int64_t ms) {
  while (env.queue.step(ms))
    if (env.queue.made() > kEventsMax) throw Violation("it goes on without end: " + std::to_string(kEventsMax) + " events; " + state());
}

void World::wait_for_the_end() {
  const int64_t latest = env.now() + kPeaceMaxMs;
  bool mended = false;
  for (int64_t look = env.now();; look += kLookMs) {
    run_until(look);
    if (look > latest) throw Violation(state());
    if (mended && !faults.at_work() && finished()) return;
    if ((look - latest + kPeaceMaxMs) % 5'000 < kLookMs) faults.keep_the_peace(), mended = true;
  }
}

void World::run() {
  for (int slot = 0; slot < env.schedule.processes; ++slot) start_process(slot);
  faults.begin();
  const int64_t faults_end = env.now() + env.schedule.faults_ms;
  run_until(faults_end);
  faults.end();
  wait_for_the_end();
  // What is late still comes, and must find nothing to spoil.
  faults.over();
  for (auto& process : processes) process->end();
  while (!env.queue.empty()) run_until(env.now() + kPeaceMaxMs);
  checker.at_the_end();
}

Outcome run(uint64_t seed, const Guards& guards, const Trace& trace) {
  World world(seed, guards, trace);
  Outcome outcome;
  try {
    world.run();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
  }
  outcome.saw = world.checker.saw;
  return outcome;
}

Search search(uint64_t first, uint64_t runs, const Guards& guards, const Trace& trace) {
  Search done;
  for (; done.runs < runs && !done.seed; ++done.runs) {
    Outcome outcome = run(first + done.runs, guards, trace);
    if (outcome.violation)
      done.seed = first + done.runs, done.violation = std::move(*outcome.violation);
    else
      done.saw += outcome.saw;
  }
  return done;
}

}  // namespace millrace::simulation

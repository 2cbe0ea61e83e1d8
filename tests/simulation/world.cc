#include "simulation/world.h"

#include <algorithm>

namespace millrace::simulation {
namespace {

constexpr int64_t kPeaceMaxMs = 240'000;  // a plan of a lane whose clock was wrong waits for up to two minutes
constexpr int64_t kLookMs = 250;
constexpr uint64_t kEventsMax = 2'000'000;  // a run takes some thousands

}  // namespace

World::World(uint64_t seed, const Guards& guards, const Trace& trace)
    : env(seed, guards, trace), catalogs{CatalogHash({5, 1})}, log(env), broker(*this), clickhouse(*this), ledger(*this), disk(*this), faults(*this) {
  for (size_t i = 0; i < env.schedule.pipelines.size(); ++i) pipelines.push_back(std::make_unique<Pipeline>(*this, static_cast<int>(i)));
}

std::string World::state() {
  std::string text = "nothing moves any more:";
  if (faults.outage()) text += std::string(" (while ") + name(env.schedule.outage) + " is down)";
  for (const auto& pipeline : pipelines)
    if (!pipeline->finished()) text += pipeline->state();
  return text;
}

void World::run_until(int64_t ms) {
  while (env.queue.step(ms))
    if (env.queue.made() > kEventsMax) throw Violation("it goes on without end: " + std::to_string(kEventsMax) + " events; " + state());
}

void World::wait_for(bool (*which)(const Pipeline&)) {
  const int64_t begin = env.now();
  bool mended = false;
  for (int64_t look = begin;; look += kLookMs) {
    run_until(look);
    if (look > begin + kPeaceMaxMs) throw Violation(state());
    if (mended && std::ranges::all_of(pipelines, [&](const auto& pipeline) { return !which(*pipeline) || pipeline->finished(); })) return;
    if ((look - begin) % 5'000 >= kLookMs) continue;
    for (auto& pipeline : pipelines) pipeline->operators.keep_the_peace();
    mended = true;
  }
}

void World::run() {
  for (auto& pipeline : pipelines) pipeline->fleet.begin();
  for (auto& pipeline : pipelines) pipeline->operators.begin();
  faults.begin();
  run_until(env.now() + env.schedule.faults_ms);
  faults.end();
  for (auto& pipeline : pipelines) pipeline->fleet.peace();
  if (faults.outage()) {
    wait_for([](const Pipeline& pipeline) { return !pipeline.sinks.use(pipeline.world.env.schedule.outage); });
    faults.outage_over();
  }
  wait_for([](const Pipeline&) { return true; });
  // What is late still comes, and must find nothing to spoil.
  for (auto& pipeline : pipelines) pipeline->fleet.over();
  while (!env.queue.empty()) run_until(env.now() + kPeaceMaxMs);
  for (auto& pipeline : pipelines) pipeline->checker.at_the_end();
  ledger.at_the_end();
}

Outcome run(uint64_t seed, const Guards& guards, const Trace& trace) {
  World world(seed, guards, trace);
  Outcome outcome;
  try {
    world.run();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
  }
  outcome.saw = world.saw;
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

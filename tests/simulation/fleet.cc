#include "simulation/fleet.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

void Fleet::begin() {
  start_all();
  const Schedule& s = world_.env.schedule;
  world_.env.again_and_again(s.crash_ms, [this] { crash(); });
  world_.env.again_and_again(s.freeze_ms, [this] { freeze(); });
  world_.env.again_and_again(s.rebalance_ms, [this] { rebalance(); });
  world_.env.again_and_again(s.restart_ms, [this] { restart(); });
}

Process& Fleet::start(int slot) {
  world_.env.trace([&] { return "process " + pipeline_.name + "-w" + std::to_string(slot) + " starts"; });
  processes_.push_back(std::make_unique<Process>(world_, pipeline_, slot));
  processes_.back()->start();
  return *processes_.back();
}

Process* Fleet::current(int slot) {
  for (auto at = processes_.rbegin(); at != processes_.rend(); ++at)
    if ((*at)->slot() == slot) return (*at)->dead() ? nullptr : at->get();
  return nullptr;
}

void Fleet::come_back(int slot) {
  if (!stopped_ && current(slot) == nullptr) start(slot);
}

void Fleet::start_all() {
  stopped_ = false;
  for (int slot = 0; slot < world_.env.schedule.processes; ++slot) come_back(slot);
}

void Fleet::stop() {
  stopped_ = true;
  for (size_t i = 0; i < processes_.size(); ++i) processes_[i]->crash("the operator stops it");
}

void Fleet::die_with_their_machine() {
  for (size_t i = 0; i < processes_.size(); ++i) processes_[i]->crash("its machine lost power");
}

void Fleet::died(int slot) {
  const int64_t ms = world_.env.quiet || world_.env.random.chance(0.5) ? world_.env.random.between(100, 2'000) : world_.env.random.between(500, 20'000);
  world_.env.queue.after(ms, [=, this] { come_back(slot); });
}

Process* Fleet::victim() {
  Process* process = current(static_cast<int>(world_.env.random.below(static_cast<size_t>(world_.env.schedule.processes))));
  return process != nullptr && process->running() ? process : nullptr;
}

// Where one process runs all pipelines, it is the same slot of every fleet.
std::vector<Process*> Fleet::with_its_like(Process* victim) const {
  std::vector<Process*> all;
  if (victim == nullptr) return all;
  for (auto& pipeline : world_.pipelines)
    if (Process* one = pipeline.get() == &pipeline_ ? victim : pipeline->fleet.current(victim->slot());
        one != nullptr && (one == victim || world_.env.schedule.one_process))
      all.push_back(one);
  return all;
}

void Fleet::crash() {
  for (Process* process : with_its_like(victim())) process->crash("a fault");
}

void Fleet::freeze() {
  Process* process = victim();
  if (process == nullptr) return;
  const int64_t ms = world_.env.random.chance(0.5) ? world_.env.random.between(100, 5'000) : world_.env.random.between(1'000, 30'000);
  for (Process* one : with_its_like(process)) one->freeze(ms);
  if (!world_.env.chance(world_.env.schedule.replaced)) return;
  const int slot = process->slot();
  world_.env.queue.after(world_.env.random.between(200, 6'000), [=, this] {
    if (!world_.env.quiet && !stopped_ && current(slot) == process && process->frozen()) start(slot);
  });
}

void Fleet::rebalance() { pipeline_.group.rebalance(); }

void Fleet::restart() {
  if (Process* process = victim()) process->stop_cleanly();
}

void Fleet::upgrade() { restart(); }

void Fleet::hear_of(CatalogHash version) {
  for (auto& process : processes_)
    if (!process->dead())
      world_.env.queue.after(world_.env.random.between(0, world_.env.random.chance(0.3) ? 40'000 : 8'000),
                             [version, p = process.get()] { p->deliver([=] { p->learn(version); }); });
}

void Fleet::peace() {
  for (size_t i = 0; i < processes_.size(); ++i) {  // waking may start others
    Process& process = *processes_[i];
    if (process.dead()) continue;
    process.wake();
    for (const CatalogHash version : world_.catalogs) process.deliver([&] { process.learn(version); });
    if (process.semantics() != world_.semantics || process.generation() != world_.ledger.generation()) process.stop_cleanly();
  }
  for (int slot = 0; slot < world_.env.schedule.processes; ++slot) come_back(slot);
}

void Fleet::over() {
  stopped_ = true;
  for (auto& process : processes_) process->end();
}

std::string Fleet::state() const {
  std::string text;
  for (const auto& process : processes_)
    if (!process->dead())
      for (const auto& lane : process->lanes()) text += "\n    " + lane->state();
  return text;
}

}  // namespace millrace::simulation

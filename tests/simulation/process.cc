#include "simulation/process.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

Process::Process(World& world, Pipeline& pipeline, int slot)
    : world_(world), pipeline_(pipeline), slot_(slot), semantics_(world.semantics), generation_(world.ledger.generation()) {
  clock_error_ = world.env.chance(world.env.schedule.wrong_clocks) ? world.env.random.between(-120'000, 120'000) : world.env.random.between(-500, 500);
  if (world.env.chance(world.env.schedule.wrong_generation)) ++generation_;
  const std::string name = (world.env.guards.world.own_transactional_ids ? pipeline.name + "-w" : "w") + std::to_string(slot) + "-l";
  for (int i = 0; i < world.env.schedule.lanes; ++i) lanes_.push_back(std::make_unique<Lane>(world, pipeline, *this, name + std::to_string(i)));
}

void Process::start() {
  for (const CatalogHash version : world_.catalogs) learn(version);  // it reads the catalog's topic to its end before anything else
  for (auto& lane : lanes_) lane->start();
}

void Process::expect_session_timeout() {
  const int now = changes_;
  world_.env.queue.after(world_.env.schedule.session_ms, [this, now] {
    if (changes_ == now)
      for (auto& lane : lanes_) pipeline_.group.leave_unless_heard(*lane);
  });
}

void Process::crash(const std::string& why) {
  if (dead()) return;
  ++world_.saw.crashes;
  world_.env.trace([&] { return "process " + pipeline_.name + "-w" + std::to_string(slot_) + " dies: " + why; });
  state_ = State::kDead;
  ++changes_;
  unheard_.clear();
  expect_session_timeout();
  pipeline_.fleet.died(slot_);
}

void Process::freeze(int64_t ms) {
  if (!running()) return;
  ++world_.saw.freezes;
  world_.env.trace([&] { return "process " + pipeline_.name + "-w" + std::to_string(slot_) + " freezes for " + std::to_string(ms) + " ms"; });
  state_ = State::kFrozen;
  const int now = ++changes_;
  expect_session_timeout();
  world_.env.queue.after(ms, [this, now] {
    if (changes_ == now) wake();
  });
}

void Process::wake() {
  if (!frozen()) return;
  world_.env.trace([&] { return "process " + pipeline_.name + "-w" + std::to_string(slot_) + " wakes"; });
  state_ = State::kRunning;
  ++changes_;
  for (auto& lane : lanes_) lane->pump();
  for (auto& event : std::exchange(unheard_, {})) deliver(event);
}

void Process::stop_cleanly() {
  if (!running() || stopping_) return;
  world_.env.trace([&] { return "process " + pipeline_.name + "-w" + std::to_string(slot_) + " is asked to stop"; });
  stopping_ = true;
  for (auto& lane : lanes_) lane->close();
  lane_is_through();
}

void Process::lane_is_through() {
  if (stopping_ && !dead() && std::ranges::all_of(lanes_, [](const auto& lane) { return lane->closed(); })) crash("it was asked to");
}

void Process::end() {
  state_ = State::kDead;
  ++changes_;
}

void Process::deliver(const std::function<void()>& event) {
  if (running())
    event();
  else if (frozen())
    unheard_.push_back(event);
}

void Process::learn(CatalogHash version) {
  newest_ = std::max(newest_, version);
  if (!catalogs_.insert(version).second) return;
  for (auto& lane : lanes_) lane->catalog_known(version);
}

bool Process::knows_alert_topic() { return alert_topic_known_ = alert_topic_known_ || world_.faults.alert_topic_there(); }

int64_t Process::clock() const { return world_.env.now() + clock_error(); }
int64_t Process::clock_error() const { return world_.env.quiet ? std::clamp<int64_t>(clock_error_, -500, 500) : clock_error_; }

}  // namespace millrace::simulation

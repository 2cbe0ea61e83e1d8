#include "simulation/lane.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {

// In the order of pipeline::Action.
constexpr const char* kActionNames[] = {"InitProducer", "ReadOffsets", "ResolveBeginning", "StartReading", "DropCollected", "RebuildPlan",
                                        "WritePlan",    "CancelPlan",  "Commit",           "Wait",         "Release",       "Stopped"};
static_assert(std::size(kActionNames) == std::variant_size_v<pipeline::Action>);

}  // namespace

Lane::Lane(World& world, Pipeline& pipeline, Process& process, std::string name)
    : world_(world), pipeline_(pipeline), process_(process), name_(std::move(name)) {}

void Lane::start() {
  core_.emplace(world_.env.guards.lane, process_.semantics());
  for (const CatalogHash version : process_.catalogs()) core_->catalog_known(version);
  join();
  tick();
  pump();
}

void Lane::catalog_known(CatalogHash version) {
  if (core_) event([&] { core_->catalog_known(version); });
}

void Lane::later(int64_t ms, std::function<void()> what) {
  world_.env.queue.after(ms, [this, what = std::move(what)] { process_.deliver(what); });
}

void Lane::event(const std::function<void()>& into_core) {
  into_core();
  pump();
}

void Lane::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (core_ && process_.running()) {
    if (actions_.empty())
      for (auto& act : core_->take_actions()) actions_.push_back(std::move(act));
    if (actions_.empty()) break;
    if (something_happens_amid_actions()) continue;
    const pipeline::Action act = std::move(actions_.front());
    actions_.pop_front();
    world_.env.trace([&] { return name_ + ": does " + kActionNames[act.index()]; });
    std::visit([&](const auto& one) { carry_out(one); }, act);
  }
  pumping_ = false;
}

bool Lane::something_happens_amid_actions() {
  if (!world_.env.chance(world_.env.schedule.amid_actions)) return false;
  if (world_.env.random.chance(0.5))
    process_.crash("amid its actions");
  else
    process_.freeze(world_.env.random.between(50, 20'000));
  return true;
}

// ---- the group

void Lane::join() {
  world_.env.queue.after(world_.env.delay(), [this] {
    if (process_.dead()) return;
    pipeline_.group.join(*this);
    world_.env.queue.after(world_.env.schedule.session_ms, [this] {
      if (!process_.running()) pipeline_.group.leave_unless_heard(*this);
    });
  });
}

void Lane::from_coordinator(std::function<void()> what) {
  coordinator_heard_at_ = std::max(coordinator_heard_at_, world_.env.now() + world_.env.delay());
  later(coordinator_heard_at_ - world_.env.now(), std::move(what));
}

void Lane::synchronised(const Membership& membership, const std::vector<TopicPartition>& taken, const std::vector<TopicPartition>& given) {
  from_coordinator([=, this] {
    if (membership.member != next_member_) return;
    membership_ = membership;
    if (closing_) return;
    if (!taken.empty()) revoke(taken);
    if (!given.empty()) event([&] { core_->assigned(given); });
  });
}

void Lane::revoke(const std::vector<TopicPartition>& partitions) {
  ++world_.saw.revoked;
  const uint64_t drain = ++drains_;
  deadline_passed_ = false;
  world_.env.trace([&] { return name_ + ": " + std::to_string(partitions.size()) + " partitions are revoked"; });
  event([&] { core_->revoked(partitions); });
  later(world_.env.schedule.drain_ms, [this, drain] {
    if (drain != drains_ || !core_->draining()) return;
    world_.env.trace([&] { return name_ + ": the drain's deadline has passed"; });
    deadline_passed_ = true;
    event([&] { core_->drain_deadline_passed(); });
  });
}

void Lane::close() {
  closing_ = true;
  if (const auto held = core_->held(); !held.empty()) return revoke(held);
  closed_ = true;
}

void Lane::prompted(uint64_t member) {
  from_coordinator([=, this] {
    if (member != next_member_ || closing_ || core_->draining()) return;  // draining: it joins again when it has let go
    world_.env.queue.after(world_.env.delay(), [=, this] { pipeline_.group.joins_again(member, {}); });
  });
}

void Lane::lost_membership(uint64_t member) {
  from_coordinator([=, this] {
    if (member == next_member_)
      later(world_.env.quiet ? 0 : world_.env.random.between(0, 3'000), [this, member] {  // until its next heartbeat
        if (member != next_member_) return;
        membership_ = {};  // the client knows, and the lane hears of it when it looks
        later(world_.env.quiet ? 0 : world_.env.random.between(0, 300), [this, member] {
          if (member == next_member_) lose();
        });
      });
  });
}

void Lane::lose() {
  ++world_.saw.lost;
  world_.env.trace([&] { return name_ + ": its partitions are lost"; });
  membership_ = {};
  next_member_ = 0;
  joins_when_released_ = true;
  event([&] { core_->lost(core_->held()); });
}

void Lane::fenced() {
  from_coordinator([this] { later(world_.env.quiet ? 0 : world_.env.random.between(0, 3'000), [this] { process_.crash("another one has its name"); }); });
}

void Lane::carry_out(const pipeline::action::Release& act) {
  const bool lost = std::exchange(joins_when_released_, false);
  for (const auto& name : act.partitions) {
    const auto in = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
    if (!lost && working_ && in(mine_)) pipeline_.checker.released(name_, name, working_->id);
    if (!lost && !deadline_passed_ && commit_ && std::ranges::any_of(commit_->request.offsets, [&](const auto& e) { return e.partition == name; }))
      throw Violation("I6: " + name_ + " let go of " + name.topic + " in the middle of a commit");
    reading_.erase(name);
    stopped_.erase(name);
  }
  world_.env.trace([&] { return name_ + ": lets go of " + std::to_string(act.partitions.size()) + " partitions"; });
  if (closing_) {
    closed_ = core_->held().empty();
    return process_.lane_is_through();
  }
  if (lost) return join();
  world_.env.queue.after(world_.env.delay(), [this, member = next_member_, partitions = act.partitions] { pipeline_.group.joins_again(member, partitions); });
}

std::string Lane::state() const {
  std::string text = name_ +
                     (process_.running()  ? ""
                      : process_.frozen() ? " (frozen)"
                                          : " (dead)") +
                     ": generation " + std::to_string(membership_.generation) + (core_->idle() ? ", idle" : "") + (core_->draining() ? ", draining" : "") +
                     (producer_ == 0 ? ", no producer" : "") + (commit_ ? ", committing" : "");
  if (working_) text += ", works on plan " + to_string(working_->id.value) + " with " + std::to_string(writes_.size()) + " writes";
  for (const auto& write : writes_) text += ", write in " + std::to_string(write->machine.action().index());
  if (call_) text += call_->durable ? ", billed" : ", not billed";
  if (files_) text += files_->durable ? ", manifested" : ", not manifested";
  for (const auto& name : core_->held())
    text += ", " + name.topic + "/" + std::to_string(name.partition.value) +
            (stopped_.contains(name) ? " stopped"
             : core_->may_plan(name) ? " ready"
                                     : " not ready") +
            (reading_.contains(name) ? " read" : "");
  return text;
}

}  // namespace millrace::simulation

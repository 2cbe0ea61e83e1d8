// The lane's actions but for commits and writes.
#include <algorithm>
#include <iterator>

#include "simulation/world.h"

namespace millrace::simulation {

using namespace pipeline::action;

void Lane::carry_out(const InitProducer&) {
  commit_ = nullptr;
  producer_ = 0;
  init_producer(++inits_);
}

void Lane::init_producer(uint64_t attempt) {
  if (attempt != inits_) return;
  if (world_.env.chance(world_.env.schedule.lost)) return later(1'000, [=, this] { init_producer(attempt); });
  world_.env.queue.after(world_.env.delay(), [=, this] {
    const auto epoch = world_.broker.init(pipeline_, name_);
    later(world_.env.delay(), [=, this] {
      if (attempt != inits_) return;
      if (!epoch) return later(10, [=, this] { init_producer(attempt); });
      producer_ = *epoch;
      event([&] { core_->producer_ready(); });
    });
  });
}

void Lane::carry_out(const ReadOffsets& act) {
  later(act.after.count(), [=, this] {
    world_.env.queue.after(world_.env.delay(), [=, this] {
      std::vector<pipeline::CommittedRead> reads;
      const bool fails = world_.env.chance(world_.env.schedule.read_fails);
      for (const auto& name : act.partitions) {
        reads.push_back(world_.broker.read(pipeline_, name, world_.log.current(name)->topic));
        if (fails) reads.back().state = pipeline::CommittedRead::State::kFailed;
      }
      later(world_.env.delay(), [=, this] {
        std::vector<pipeline::CommittedRead> answers = reads;
        for (auto& read : answers) {
          topics_[read.partition] = read.topic_id;
          const auto known = remembered_.find(read.partition);
          if (known != remembered_.end() && !world_.env.guards.world.fresh_reads) read = known->second;  // the broken rule
          if (read.state == pipeline::CommittedRead::State::kOffset) remembered_[read.partition] = read;
        }
        event([&] { core_->offsets_read(act.number, answers); });
      });
    });
  });
}

void Lane::carry_out(const ResolveBeginning& act) {
  world_.env.queue.after(world_.env.delay(), [=, this] {
    const auto traces = pipeline_.traces_of(act.partition, act.topic_id);
    const LogPartition& p = *world_.log.find(act.topic_id, act.partition.partition);
    const int64_t begin = p.younger && world_.env.guards.world.younger_from_start ? 0 : world_.env.schedule.start_at_end ? p.end(world_.env.now()) : p.first;
    later(world_.env.delay(), [=, this] {
      if (!traces) return later(100, [=, this] { carry_out(act); });
      event([&] {
        if (!traces->empty())
          core_->beginning_refused(act.number, act.partition, "no offset is committed, but " + *traces);
        else
          core_->beginning_found(act.number, act.partition, Offset(begin));
      });
    });
  });
}

void Lane::carry_out(const StartReading& act) {
  const TopicId topic = topics_.at(act.partition);
  pipeline_.checker.reading_from(act.partition, topic, act.begin);
  stopped_.erase(act.partition);
  reading_[act.partition] = {topic, act.begin.value, act.begin.value};
}

void Lane::carry_out(const DropCollected& act) {
  if (act.reopened) {
    if (act.reopened != closed_plan_) throw Violation("contract: " + name_ + " is to open an epoch again that isn't closed");
    closed_plan_ = nullptr;
    for (const PlanRange& range : act.reopened->ranges)
      if (const auto at = reading_.find(range.partition); at != reading_.end()) at->second.begin = range.offsets.begin.value;
  }
  for (const auto& name : act.partitions) reading_.erase(name);
}

void Lane::carry_out(const RebuildPlan& act) {
  working_ = act.plan;
  mine_ = committed_last_;
  if (!world_.env.guards.lane.count_adoptions) mine_ = core_->held();
  std::vector<TopicPartition> held;  // a zombie's adoption may have been counted, and the count begun anew by whoever came after it
  std::ranges::copy_if(mine_, std::back_inserter(held), [&](const auto& name) { return pipeline_.group.holder(name) == this; });
  pipeline_.checker.rebuilding(act.plan->id, held);
  rebuild(act.plan);
}

std::optional<std::string> Lane::cannot_rebuild(const Plan& plan) const {
  for (const PlanRange& range : plan.ranges) {
    const LogPartition& p = *world_.log.find(range.topic_id, range.partition.partition);
    if (p.deleted) return "the topic was deleted";
    if (!world_.env.guards.world.same_records) continue;
    if (p.first > range.offsets.begin.value) return "records are gone";
    if (p.range(range.offsets.begin.value, range.offsets.end.value) != range) return "records differ";
  }
  return std::nullopt;
}

Made Lane::made_again(const PlanPtr& plan) {
  Made made{pipeline_.number, plan, {}, 0, plan->given_up, {}};
  for (const PlanRange& range : plan->ranges) {
    const LogPartition& p = *world_.log.find(range.topic_id, range.partition.partition);
    made.read.push_back(p.range(std::min(std::max(p.first, range.offsets.begin.value), range.offsets.end.value), range.offsets.end.value));
  }
  if (world_.env.guards.world.decided_once) return made;
  made.given_up.clear();
  for (uint16_t i = 0; i < plan->ranges.size(); ++i) {
    const LogPartition& p = *world_.log.find(plan->ranges[i].topic_id, plan->ranges[i].partition.partition);
    for (int64_t at = plan->ranges[i].offsets.begin.value; at < plan->ranges[i].offsets.end.value; ++at)
      if (p.records[static_cast<size_t>(at)].kind == LogPartition::Kind::kUncertain && world_.env.random.chance(0.5))
        made.given_up.push_back({i, Offset(at), {}});
  }
  return made;
}

// Can't be sent yet: they would be missing in the transaction that moves past their records.
bool Lane::raises_alerts(const Plan& plan) const {
  return pipeline_.sinks.alerts && !world_.log.letters(Letter::Kind::kAlert, plan, partitions_of(plan), plan.given_up).empty();
}

void Lane::rebuild(const PlanPtr& plan) {
  const bool slow = world_.env.chance(0.05);
  later(slow ? world_.env.random.between(500, 8'000) : world_.env.random.between(3, 60), [=, this] {
    if (working_ != plan) return;
    if (pipeline_.checker.poisoned(plan)) return process_.crash("of making the rows of plan " + to_string(plan->id.value));
    if (world_.env.chance(world_.env.schedule.rebuild_fails)) return rebuild(plan);
    const auto why = cannot_rebuild(*plan);
    if (!why && world_.env.guards.world.alert_topic_first && raises_alerts(*plan) && !process_.knows_alert_topic())
      return later(500, [=, this] {
        if (working_ == plan) rebuild(plan);
      });
    if (!why) made_ = made_again(plan);
    event([&] {
      if (why)
        core_->plan_refused(plan->id, *why);
      else
        core_->plan_rebuilt(plan->id);
    });
  });
}

void Lane::carry_out(const WritePlan& act) {
  if (act.fresh) {
    if (closed_plan_ != act.plan) throw Violation("contract: " + name_ + " is to write a fresh plan whose rows it doesn't hold");
    closed_plan_ = nullptr;
    mine_ = partitions_of(*act.plan);
    made_ = {pipeline_.number, act.plan, {}, 0, act.plan->given_up, act.plan->ranges};
  } else if (working_ != act.plan) {
    throw Violation("contract: " + name_ + " is to write a plan that it didn't rebuild");
  }
  working_ = act.plan;
  // An unknown version, or number, gets here only without its guard: then the rows are made by what there is.
  const uint16_t number = act.plan->row_semantics;
  const bool speaks = number == process_.semantics() || number + 1 == process_.semantics();
  made_.catalog = process_.knows(act.plan->catalog) ? act.plan->catalog : process_.catalog();
  made_.semantics = speaks ? number : process_.semantics();
  begin_writes(act.fresh);
}

void Lane::carry_out(const CancelPlan& act) {
  if (working_ && working_ != act.plan) throw Violation("contract: " + name_ + " is to cancel another plan than the one that it works on");  // none yet is fine
  drop_writes();
  working_ = nullptr;
  mine_.clear();
}

void Lane::carry_out(const Wait& act) {
  later(act.time.count(), [=, this] { event([&] { core_->waited(act.number); }); });
}

void Lane::carry_out(const Stopped& act) {
  stopped_.insert(act.partition);
  if (pipeline_.group.holder(act.partition) == this) pipeline_.checker.stopped(name_, act.partition, act.reason);  // a zombie stops at what others did
}

}  // namespace millrace::simulation

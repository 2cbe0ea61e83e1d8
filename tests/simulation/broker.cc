#include "simulation/broker.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

using State = Broker::Transaction::State;

constexpr int64_t kTransactionTimeoutMs = 10'000;

int Broker::group_of(const Pipeline& pipeline) const { return world_.env.guards.world.own_offsets ? pipeline.number : 0; }

std::optional<uint64_t> Broker::init(const Pipeline& pipeline, const std::string& id) {
  Transaction& t = transactions_[id];
  if (t.of != nullptr && t.of != &pipeline) throw Violation("pipelines: a producer of " + pipeline.name + " fences one of " + t.of->name);
  t.of = &pipeline;
  if (!world_.env.guards.world.init_settles && t.epoch > 0) return t.epoch;  // the broken rule: as if it were the former one
  if (t.state == State::kOpen) {
    ++t.epoch;
    t.state = State::kAborting;
    mark(id);
  }
  if (t.state != State::kNone) return std::nullopt;
  return ++t.epoch;
}

BrokerAnswer Broker::add(Pipeline& pipeline, const std::string& id, uint64_t epoch, uint64_t number, const Membership& member, const Entries& offsets,
                         const std::vector<Letter>& letters) {
  Transaction& t = transactions_[id];
  if (t.epoch != epoch) return BrokerAnswer::kFenced;
  if (t.state == State::kCommitting || t.state == State::kAborting) return BrokerAnswer::kBusy;
  const bool fences = member.generation >= 0 && world_.env.guards.world.group_fence;  // as Kafka: who claims no generation isn't fenced
  if (fences && !pipeline.group.is_member(member)) return BrokerAnswer::kRefusedByGroup;
  if (t.state == State::kNone || world_.env.guards.world.init_settles) t.offsets.clear(), t.letters.clear();  // a repetition
  t.state = State::kOpen;
  t.number = number;
  t.offsets.insert(t.offsets.end(), offsets.begin(), offsets.end());
  t.letters.insert(t.letters.end(), letters.begin(), letters.end());
  world_.env.queue.after(kTransactionTimeoutMs, [this, id, epoch, number] {
    Transaction& open = transactions_[id];
    if (open.state != State::kOpen || open.epoch != epoch || open.number != number) return;
    world_.env.trace([&] { return "broker: transaction of " + id + " timed out"; });
    ++open.epoch;
    open.state = State::kAborting;
    mark(id);
  });
  return BrokerAnswer::kOk;
}

BrokerAnswer Broker::end(Pipeline& pipeline, const std::string& id, uint64_t epoch, uint64_t number, bool commit) {
  Transaction& t = transactions_[id];
  if (t.epoch != epoch) return BrokerAnswer::kFenced;
  const State decided = commit ? State::kCommitting : State::kAborting;
  if (t.state == State::kNone || t.state == decided) return BrokerAnswer::kOk;  // repeated, or nothing was added to be aborted
  if (t.state != State::kOpen || t.number != number) return BrokerAnswer::kFenced;
  t.state = decided;
  if (commit) pipeline.checker.decided(id, t.offsets, t.letters);
  mark(id);
  return BrokerAnswer::kOk;
}

// The markers are written after the decision was acknowledged.
void Broker::mark(const std::string& id) {
  world_.env.queue.after(world_.env.chance(0.1) ? world_.env.random.between(1, 800) : world_.env.random.between(0, 8), [this, id] {
    Transaction& t = transactions_[id];
    if (t.state == State::kCommitting)
      for (const auto& e : t.offsets) committed_[{group_of(*t.of), e.partition}] = {e.offset, e.metadata};
    t.offsets.clear();
    t.letters.clear();
    t.state = State::kNone;
  });
}

bool Broker::pending(const Pipeline& pipeline, const TopicPartition& partition) const {
  return std::ranges::any_of(transactions_, [&](const auto& t) {
    return t.second.of != nullptr && group_of(*t.second.of) == group_of(pipeline) &&
           std::ranges::any_of(t.second.offsets, [&](const auto& e) { return e.partition == partition; });
  });
}

pipeline::CommittedRead Broker::read(const Pipeline& pipeline, const TopicPartition& partition, TopicId topic) const {
  using Read = pipeline::CommittedRead::State;
  const Committed* now = committed(pipeline, partition);
  const bool unstable = world_.env.guards.world.stable_reads && pending(pipeline, partition);
  pipeline::CommittedRead read{partition, unstable ? Read::kUnstable : now != nullptr ? Read::kOffset : Read::kNone, {}, {}, topic};
  if (now != nullptr) read.offset = now->offset, read.metadata = now->metadata;
  return read;
}

const Broker::Committed* Broker::committed(const Pipeline& pipeline, const TopicPartition& partition) const {
  const auto at = committed_.find({group_of(pipeline), partition});
  return at == committed_.end() ? nullptr : &at->second;
}
void Broker::set(const Pipeline& pipeline, const TopicPartition& partition, std::optional<Committed> to) {
  if (to)
    committed_[{group_of(pipeline), partition}] = *to;
  else
    committed_.erase({group_of(pipeline), partition});
}

}  // namespace millrace::simulation

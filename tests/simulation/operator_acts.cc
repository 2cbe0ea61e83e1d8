#include "simulation/operator_acts.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {

constexpr int64_t kInsertsLandWithinMs = 12'000;  // a term and the guard

}  // namespace

bool OperatorActs::unchanged(const std::vector<Found>& found) const {
  return std::ranges::all_of(found, [&](const Found& f) {
    const Broker::Committed* now = world_.broker.committed(pipeline_, f.partition);
    return now != nullptr && !world_.broker.pending(pipeline_, f.partition) && now->offset == f.committed.offset && now->metadata == f.committed.metadata;
  });
}

// Whoever holds them loses its producer, and reads the committed offsets anew.
void OperatorActs::fence_owners(const std::vector<Found>& found) {
  for (const Found& f : found)
    if (const Lane* owner = pipeline_.group.holder(f.partition)) world_.broker.init(pipeline_, owner->name());
}

bool OperatorActs::skip_in_billing(const TopicPartition& partition, TopicId topic, Offset begin, Offset end) {
  if (!pipeline_.sinks.billing || !world_.env.guards.billing.skips_declared) return true;
  const auto expected = world_.ledger.expected(pipeline_.name, topic, partition.partition);
  if (!expected) return false;
  const Offset from = expected->value_or(begin);
  if (from >= end) return true;
  const auto answer =
      world_.ledger.skip(pipeline_, {0, pipeline_.name, {partition.topic, topic, partition.partition, {from, end}, 0}, "", "operator", "given up"});
  return answer && (answer->outcome == billing::SkipAnswer::Outcome::kSkipped || answer->outcome == billing::SkipAnswer::Outcome::kKnown);
}

// ---- plan abandon

void OperatorActs::abandon(const PlanPtr& plan) {
  if (at_work_ || !pipeline_.sinks.clickhouse) return;  // which of its records are in ClickHouse must be known
  std::vector<Found> stopped;
  for (const PlanRange& range : plan->ranges) {
    const Broker::Committed* now = world_.broker.committed(pipeline_, range.partition);
    const auto mark = now != nullptr ? pipeline::decode(now->metadata) : permanent("none");
    if (!mark || mark->offset != now->offset || mark->topic_id != world_.log.current(range.partition)->topic) continue;  // not for its plan, see accept()
    if (!mark->plan || mark->plan->id != plan->id) continue;                                                             // past it
    if (!mark->stopped && mark->adoptions < pipeline::LaneProtocol::kAdoptionsMax) return;                               // a worker is at it
    stopped.push_back({range.partition, *now});
  }
  if (stopped.empty() || !unchanged(stopped)) return;
  at_work_ = true;
  world_.env.trace([&] { return "operator: begins to abandon plan " + to_string(plan->id.value); });
  fence_owners(stopped);
  world_.env.queue.after(kInsertsLandWithinMs, [=, this] { finish_abandoning(plan, stopped); });
}

void OperatorActs::finish_abandoning(const PlanPtr& plan, const std::vector<Found>& stopped) {
  at_work_ = false;
  if (!unchanged(stopped)) return;
  for (const Found& f : stopped)
    if (const auto inserts = world_.clickhouse.under_way(plan->id, f.partition.topic); !inserts || *inserts > 0) return;
  std::vector<Letter> letters;
  std::vector<TopicPartition> names;
  for (const Found& f : stopped) {
    const PlanRange& range = *plan->find(f.partition);
    LogPartition& p = *world_.log.find(range.topic_id, f.partition.partition);
    for (int64_t at = std::max(p.first, range.offsets.begin.value); at < range.offsets.end.value; ++at)
      if (p.records[static_cast<size_t>(at)].kind != LogPartition::Kind::kHole && !pipeline_.checker.has_row(p, at))
        letters.push_back({Letter::Kind::kDeadLetter, &p, at});
    names.push_back(f.partition);
  }
  for (const auto& name : names) {
    const PlanRange& range = *plan->find(name);
    if (!skip_in_billing(name, range.topic_id, range.offsets.begin, range.offsets.end)) return;
  }
  world_.env.trace([&] { return "operator: abandons plan " + to_string(plan->id.value); });
  for (const auto& name : names) {
    const PlanRange& range = *plan->find(name);
    world_.broker.set(pipeline_, name, Broker::Committed{range.offsets.end, pipeline::encode({range.offsets.end, range.topic_id, 0, false, nullptr})});
  }
  pipeline_.checker.abandoned(*plan, names, letters);
}

// ---- offsets accept

void OperatorActs::accept(const LogPartition& partition) {
  if (at_work_ || !pipeline_.sinks.clickhouse) return;
  const Broker::Committed* now = world_.broker.committed(pipeline_, partition.name);
  if (now == nullptr || world_.broker.pending(pipeline_, partition.name)) return;
  const auto mark = pipeline::decode(now->metadata);
  if (mark && mark->offset == now->offset && mark->topic_id == partition.topic) return;  // ours: there is nothing to accept
  at_work_ = true;
  const Found found{partition.name, *now};
  world_.env.trace([&] { return "operator: looks where " + to_string(partition.name) + " could go on"; });
  fence_owners({found});
  world_.env.queue.after(kInsertsLandWithinMs, [=, this] { finish_accepting(found); });
}

void OperatorActs::finish_accepting(const Found& found) {
  at_work_ = false;
  const LogPartition& p = *world_.log.current(found.partition);
  if (!unchanged({found}) || !world_.clickhouse.time()) return;
  // Whoever completes a plan writes the rows of all its ranges, also of partitions that have gone on without it.
  if (pipeline_.checker.planned_elsewhere(p)) return;
  const auto expected = pipeline_.sinks.billing ? world_.ledger.expected(pipeline_.name, p.topic, p.name.partition) : std::optional(std::optional<Offset>());
  if (!expected) return;
  // Behind everything that any sink has, and behind what was committed before somebody set another offset.
  const int64_t at = std::max({p.first, pipeline_.checker.rows_end(p), pipeline_.checker.committed_end(p), expected->value_or(Offset(0)).value});
  if (at > p.end(world_.env.now()) || !skip_in_billing(p.name, p.topic, Offset(at), Offset(at))) return;
  world_.env.trace([&] { return "operator: accepts offset " + std::to_string(at) + " of " + to_string(p.name); });
  world_.broker.set(pipeline_, p.name, Broker::Committed{Offset(at), pipeline::encode({Offset(at), p.topic, 0, false, nullptr})});
  pipeline_.checker.accepted(p, Offset(at));
}

// ---- billing skip

bool OperatorActs::skip_what_is_missing(const LogPartition& partition) {
  const Broker::Committed* now = world_.broker.committed(pipeline_, partition.name);
  if (now == nullptr) return true;
  if (world_.broker.pending(pipeline_, partition.name)) return false;
  const auto mark = pipeline::decode(now->metadata);
  if (!mark || mark->offset != now->offset || mark->topic_id != partition.topic) return true;
  return skip_in_billing(partition.name, partition.topic, now->offset, now->offset);
}

}  // namespace millrace::simulation

#include "simulation/ledger.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

using PlanOutcome = billing::PlanAnswer::Outcome;

bool Ledger::down() const { return world_.env.now() < up_at_ || world_.faults.outage_of(Server::kLedger); }

void Ledger::apply(const BillPtr& bill, const Reply& reply) {
  if (down()) return reply(std::nullopt);
  world_.pipelines[static_cast<size_t>(bill->made->pipeline)]->checker.sees("billing", *bill->made);
  const uint64_t number = ++numbers_;
  under_way_.push_back({number, bill, reply});
  const auto& s = world_.env.schedule;
  world_.env.queue.after(world_.env.chance(s.ledger_slow) ? world_.env.random.between(500, 15'000) : world_.env.random.between(0, 10),
                         [this, number] { transact(number); });
}

std::optional<Ledger::UnderWay> Ledger::take(uint64_t number) {
  const auto at = std::ranges::find(under_way_, number, &UnderWay::number);
  if (at == under_way_.end()) return std::nullopt;  // it died with the service
  UnderWay taken = std::move(*at);
  under_way_.erase(at);
  perhaps_again(taken.bill);
  return taken;
}

// Somebody on the way repeats it, and has the answer to himself.
void Ledger::perhaps_again(const BillPtr& bill) {
  if (!world_.env.chance(world_.env.schedule.call_repeated)) return;
  const int64_t later = world_.env.random.between(1, world_.env.random.chance(0.2) ? 90'000 : 20'000);
  world_.env.queue.after(later, [=, this] { apply(bill, [](const auto&) {}); });
}

Ledger::Mark Ledger::mark_of(uint32_t generation, const std::string& pipeline, TopicId topic, PartitionId partition) const {
  return {generation, world_.env.guards.billing.marks_by_pipeline ? pipeline : "", topic, partition};
}

billing::PlanStored Ledger::stored_for(const billing::BilledPlan& plan) const {
  const auto& rules = world_.env.guards.billing;
  billing::PlanStored stored{rules.ledger_generation ? generation() : plan.generation, {}, {}};
  if (const auto known = tables_.plans.find({plan.generation, plan.id}); known != tables_.plans.end() && rules.ledger_known)
    stored.fingerprint = known->second.fingerprint;
  for (const auto& range : plan.ranges) {
    const auto mark = tables_.marks.find(mark_of(plan.generation, plan.pipeline, range.topic_id, range.partition));
    stored.expected.push_back(mark == tables_.marks.end() ? std::nullopt : std::optional(mark->second));
  }
  return stored;
}

void Ledger::transact(uint64_t number) {
  const auto call = take(number);
  if (!call) return;
  forget_old();
  billing::BilledPlan plan = call->bill->order;
  if (const Status normal = normalise(plan); !normal) throw Violation("contract: billing is sent what is no plan: " + normal.error().message);
  const std::string print = fingerprint(plan);
  billing::PlanAnswer judged = judge(plan, print, stored_for(plan));
  const auto& rules = world_.env.guards.billing;
  if ((judged.outcome == PlanOutcome::kGap && !rules.ledger_gap) || (judged.outcome == PlanOutcome::kOverlap && !rules.ledger_overlap))
    judged.outcome = PlanOutcome::kApplied;
  if (judged.differs) throw Violation("I4: billing was sent plan " + to_string(plan.id.value) + " twice, and not the same");
  world_.env.trace([&] {
    constexpr const char* kOutcomes[] = {"applied", "known", "a gap", "an overlap", "of another generation"};
    return "billing: plan " + to_string(plan.id.value) + " of " + plan.pipeline + " is " + kOutcomes[static_cast<size_t>(judged.outcome)];
  });
  ++(judged.outcome == PlanOutcome::kApplied ? world_.saw.billed
     : judged.outcome == PlanOutcome::kKnown ? world_.saw.billed_before
                                             : world_.saw.billing_refused);
  if (judged.outcome != PlanOutcome::kApplied) return answer(*call, judged);
  write(*call->bill, plan, print);
  if (rules.ledger_atomic) {
    write_usage(call->bill, plan);
    return answer(*call, judged);
  }
  // The broken rule: two transactions, and the service may die between them.
  world_.env.queue.after(world_.env.random.between(1, 50), [=, this, life = lives_] {
    if (life != lives_) return;
    write_usage(call->bill, plan);
    answer(*call, judged);
  });
}

void Ledger::answer(const UnderWay& call, const billing::PlanAnswer& answer) {
  if (world_.env.chance(world_.env.schedule.dies_at_commit)) return crash();
  if (!world_.env.chance(world_.env.schedule.ledger_answer_lost)) call.reply(answer);
}

void Ledger::write(const Bill& bill, const billing::BilledPlan& plan, const std::string& print) {
  tables_.plans[{plan.generation, plan.id}] = {print, bill.made->pipeline, world_.env.now()};
  for (const auto& range : plan.ranges) tables_.marks[mark_of(plan.generation, plan.pipeline, range.topic_id, range.partition)] = range.offsets.end;
}

void Ledger::write_usage(const BillPtr& bill, const billing::BilledPlan& plan) {
  for (const auto& usage : plan.usage) {
    Decimal& total = tables_.totals[{plan.generation, usage.tenant}];
    total = *add(total, usage.value);
  }
  if (plan.generation != generation()) return;
  tables_.contributions.push_back(bill);
  world_.pipelines[static_cast<size_t>(bill->made->pipeline)]->checker.billed(*bill);
}

std::optional<billing::SkipAnswer> Ledger::skip(const Pipeline& pipeline, const billing::Skip& skip) {
  if (down()) return std::nullopt;
  const Mark mark = mark_of(generation(), skip.pipeline, skip.range.topic_id, skip.range.partition);
  const auto expected = tables_.marks.find(mark);
  const auto answer = judge(skip, {generation(), false, expected == tables_.marks.end() ? std::nullopt : std::optional(expected->second)});
  world_.env.trace(
      [&] { return "billing: " + to_string(skip.range) + " of " + skip.pipeline + (answer.message.empty() ? " is skipped" : ": " + answer.message); });
  if (answer.outcome != billing::SkipAnswer::Outcome::kSkipped) return answer;
  tables_.marks[mark] = skip.range.offsets.end;
  ++world_.saw.skipped;
  world_.pipelines[static_cast<size_t>(pipeline.number)]->checker.skipped(skip.range.topic_id, skip.range.partition, skip.range.offsets);
  return answer;
}

void Ledger::back_up() { backup_ = tables_; }

// A backup that has nothing of a partition yet can't be told from a first start: the first range sets the mark. So it is none.
void Ledger::restore() {
  const auto knows = [&](const auto& mark) { return backup_->marks.contains(mark.first); };
  if (restored_ || !backup_ || backup_->contributions.size() == tables_.contributions.size() || !std::ranges::all_of(tables_.marks, knows)) return;
  world_.env.trace([] { return "billing: its database is restored from a backup"; });
  crash();
  for (size_t i = backup_->contributions.size(); i < tables_.contributions.size(); ++i) {
    const BillPtr& lost = tables_.contributions[i];
    world_.pipelines[static_cast<size_t>(lost->made->pipeline)]->checker.lost_by_billing(*lost);
  }
  tables_ = *backup_;
  restored_ = true;
  ++world_.saw.ledger_restored;
}

// A real ledger keeps ids for weeks; here they go as soon as nobody may be at their plan any more.
void Ledger::forget_old() {
  std::erase_if(tables_.plans, [&](const auto& entry) {
    const auto& [id, known] = entry;
    if (known.at + world_.env.schedule.keeps_ids_ms > world_.env.now()) return false;
    return !world_.env.guards.billing.keeps_ids || !world_.pipelines[static_cast<size_t>(known.pipeline)]->checker.is_pending(id.second);
  });
}

std::optional<std::optional<Offset>> Ledger::expected(const std::string& pipeline, TopicId topic, PartitionId partition) const {
  if (down()) return std::nullopt;
  const auto mark = tables_.marks.find(mark_of(generation(), pipeline, topic, partition));
  if (mark == tables_.marks.end()) return std::optional<Offset>();
  return std::optional(mark->second);
}

void Ledger::crash() {
  world_.env.trace([] { return "billing: killed"; });
  ++lives_;
  up_at_ = std::max(up_at_, world_.env.now() + world_.env.random.between(100, 3'000));
  for (const UnderWay& died : std::exchange(under_way_, {})) {
    perhaps_again(died.bill);
    if (world_.env.random.chance(0.7)) died.reply(std::nullopt);
  }
}

// Each pipeline's events count once: the witness is the log, and what became of each record in each pipeline.
void Ledger::at_the_end() const {
  std::map<std::pair<uint32_t, std::string>, Decimal> due;
  for (const LogPartition& p : world_.log.all())
    for (const auto& record : p.records)
      for (const auto& arrived : record.at)
        if (arrived.billed > 0) {
          Decimal& sum = due[{generation(), SourceLog::tenant_of(record)}];
          sum = *add(sum, Decimal{record.usage * arrived.billed, 0});
        }
  for (const auto& [key, sum] : due)
    if (const auto total = tables_.totals.find(key); total == tables_.totals.end() || !(total->second == sum))
      throw Violation("wrong: the ledger's total of " + key.second + " is " + (total == tables_.totals.end() ? "none" : to_string(total->second)) +
                      ", and should be " + to_string(sum));
}

}  // namespace millrace::simulation

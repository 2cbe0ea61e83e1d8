#include "services/billing/ledger.h"

#include "base/log.h"
#include "services/billing/plan_write.h"
#include "services/billing/schema.h"

namespace millrace::billing {

using sql::Connection;

namespace {

// What the rules of acceptance want to know of the plan, inside a transaction that is open.
Result<PlanStored> stored_for(Connection& connection, const BilledPlan& plan) {
  PlanStored stored;
  const auto generation = stored_generation(connection);
  if (!generation) return std::unexpected(generation.error());
  stored.generation = *generation;
  if (plan.generation != *generation) return stored;
  auto known = known_plan(connection, plan);
  if (!known) return std::unexpected(known.error());
  stored.fingerprint = std::move(*known);
  if (stored.fingerprint) return stored;
  for (const auto& range : plan.ranges) {
    const auto mark = expected_offset(connection, plan.generation, plan.pipeline, range);
    if (!mark) return std::unexpected(mark.error());
    stored.expected.push_back(*mark);
  }
  return stored;
}

}  // namespace

Ledger::Ledger(LedgerSettings settings, Connection connection, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      counters_{metrics.counter("millrace_billing_plans_total", {{"outcome", "applied"}}),
                metrics.counter("millrace_billing_plans_total", {{"outcome", "known"}}),
                metrics.counter("millrace_billing_plans_total", {{"outcome", "gap"}}),
                metrics.counter("millrace_billing_plans_total", {{"outcome", "overlap"}}),
                metrics.counter("millrace_billing_plans_total", {{"outcome", "wrong_generation"}}),
                metrics.counter("millrace_billing_differing_plans_total"),
                metrics.counter("millrace_billing_adjustments_total")},
      group_(settings_.database, std::move(connection), metrics) {}

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerSettings settings, metrics::Registry& metrics) {
  if (settings.generation == 0) return permanent("generations count from 1");
  auto connection = Connection::open(settings.database);
  if (!connection) return std::unexpected(connection.error());
  if (auto prepared = prepare_schema(*connection, settings.generation); !prepared) return std::unexpected(prepared.error());
  return std::unique_ptr<Ledger>(new Ledger(std::move(settings), std::move(*connection), metrics));
}

Result<PlanAnswer> Ledger::apply(BilledPlan plan) {
  if (auto normal = normalise(plan); !normal) return std::unexpected(normal.error());
  const std::string print = fingerprint(plan);
  PlanAnswer answer;
  int64_t adjustments = 0;
  const auto done = group_.run([&](Connection& connection) -> Status {
    adjustments = 0;
    auto stored = stored_for(connection, plan);
    if (!stored) return std::unexpected(stored.error());
    answer = judge(plan, print, std::move(*stored));
    if (answer.outcome != PlanAnswer::Outcome::kApplied) return {};
    const int64_t now_ms = settings_.now_ms();
    if (auto written = write_plan(connection, plan, print, now_ms); !written) return written;
    const auto late = write_usage(connection, plan, now_ms);
    if (!late) return std::unexpected(late.error());
    adjustments = *late;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (answer.differs) {
    counters_.differing.add();
    log::error("ALARM plan {} of {} came again and differs from what was applied: workers don't make the same of the same records", to_string(plan.id.value),
               plan.pipeline);
  }
  if (adjustments > 0) counters_.adjustments.add(static_cast<double>(adjustments));
  tell(plan, answer);
  return answer;
}

void Ledger::tell(const BilledPlan& plan, const PlanAnswer& answer) {
  using enum PlanAnswer::Outcome;
  switch (answer.outcome) {
    case kApplied: counters_.applied.add(); return;
    case kKnown: counters_.known.add(); return;
    case kGap: counters_.gap.add(); break;
    case kOverlap: counters_.overlap.add(); break;
    case kWrongGeneration: counters_.wrong_generation.add(); break;
  }
  log::error("ALARM plan {} of {} refused: {}", to_string(plan.id.value), plan.pipeline, answer.message);
}

Result<SkipAnswer> Ledger::skip(const Skip& skip) {
  const BilledRange& range = skip.range;
  BilledPlan shape{.generation = 1, .pipeline = skip.pipeline, .id = PlanId(Uuid{0, 1}), .time_ms = 0, .ranges = {range}, .usage = {}};
  if (auto good = normalise(shape); !good) return std::unexpected(good.error());
  if (range.offsets.begin == range.offsets.end) return permanent("ranges[0]: there is nothing in it to skip");
  SkipAnswer answer;
  const auto done = group_.run([&](Connection& connection) -> Status {
    const auto generation = stored_generation(connection);
    if (!generation) return std::unexpected(generation.error());
    const auto mark = expected_offset(connection, *generation, skip.pipeline, range);
    if (!mark) return std::unexpected(mark.error());
    const std::string topic_id = to_string(range.topic_id.value);
    const auto known = connection.query(
        "SELECT 1 FROM skips WHERE generation = $1 AND pipeline = $2 AND topic_id = $3 AND partition = $4 AND begin_offset = $5 AND end_offset = $6",
        {int64_t{*generation}, skip.pipeline, topic_id, int64_t{range.partition.value}, range.offsets.begin.value, range.offsets.end.value});
    if (!known) return std::unexpected(known.error());
    answer = judge(skip, {*generation, !known->empty(), *mark});
    if (answer.outcome != SkipAnswer::Outcome::kSkipped) return {};
    if (auto moved = move_mark(connection, *generation, skip.pipeline, range); !moved) return moved;
    const auto written = connection.execute(
        "INSERT INTO skips (generation, pipeline, topic_id, partition, begin_offset, end_offset, topic, plan, author, reason, declared_ms) VALUES ($1, $2, $3, "
        "$4, $5, $6, "
        "$7, $8, $9, $10, $11)",
        {int64_t{*generation}, skip.pipeline, topic_id, int64_t{range.partition.value}, range.offsets.begin.value, range.offsets.end.value, range.topic,
         skip.plan, skip.author, skip.reason, settings_.now_ms()});
    if (!written) return std::unexpected(written.error());
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (answer.outcome == SkipAnswer::Outcome::kSkipped)
    log::warn("{} of {} is skipped, by {}: {}", to_string(range), skip.pipeline, skip.author, skip.reason);
  else if (answer.outcome != SkipAnswer::Outcome::kKnown)
    log::error("a skip of {} is refused: {}", skip.pipeline, answer.message);
  return answer;
}

Result<Closing> Ledger::close_month(Month month, const std::string& author) {
  const int64_t now_ms = settings_.now_ms();
  if (month.end_ms() > now_ms) return permanent(to_string(month) + " isn't over: a month is closed after its end (UTC)");
  Closing closing;
  const auto done = group_.run([&](Connection& connection) -> Status {
    const auto generation = stored_generation(connection);
    if (!generation) return std::unexpected(generation.error());
    const auto closed = connection.query("SELECT closed_ms FROM closed_months WHERE generation = $1 AND month = $2", {int64_t{*generation}, to_string(month)});
    if (!closed) return std::unexpected(closed.error());
    if (!closed->empty()) {
      closing = {sql::integer((*closed)[0][0]), true};
      return {};
    }
    closing = {now_ms, false};
    const auto written = connection.execute("INSERT INTO closed_months (generation, month, closed_ms, author) VALUES ($1, $2, $3, $4)",
                                            {int64_t{*generation}, to_string(month), now_ms, author});
    if (!written) return std::unexpected(written.error());
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (!closing.was_closed) log::info("{} is closed, by {}", to_string(month), author);
  return closing;
}

Result<int64_t> Ledger::forget_old() {
  constexpr int64_t kPlansAtOnce = 2'000;  // other writes wait for so many only
  const auto keep = std::max(std::chrono::milliseconds(settings_.keep), std::chrono::milliseconds(std::chrono::hours(24)));
  const int64_t before = settings_.now_ms() - keep.count();
  int64_t forgotten = 0;
  const auto done = group_.run([&](Connection& connection) -> Status {
    forgotten = 0;
    const auto old = connection.query("SELECT generation, plan FROM plans WHERE applied_ms < $1 ORDER BY applied_ms LIMIT $2", {before, kPlansAtOnce});
    if (!old) return std::unexpected(old.error());
    for (const auto& row : *old)
      for (const char* statement : {"DELETE FROM contributions WHERE generation = $1 AND plan = $2",
                                    "DELETE FROM plan_ranges WHERE generation = $1 AND plan = $2", "DELETE FROM plans WHERE generation = $1 AND plan = $2"})
        if (auto gone = connection.execute(statement, row); !gone) return std::unexpected(gone.error());
    forgotten = static_cast<int64_t>(old->size());
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return forgotten;
}

}  // namespace millrace::billing

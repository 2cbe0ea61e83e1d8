#include "services/billing/plan_write.h"

#include <algorithm>

#include "services/billing/month.h"

namespace millrace::billing {

using sql::Connection;

namespace {

Status without_count(const Result<int64_t>& done) {
  if (!done) return std::unexpected(done.error());
  return {};
}

Status add_to_total(Connection& connection, const BilledPlan& plan, const BilledUsage& usage) {
  const auto stored = connection.query(
      "SELECT value FROM totals WHERE generation = $1 AND tenant = $2 AND meter = $3 AND unit = $4 AND window_start_ms = $5 AND window_ms = $6",
      {int64_t{plan.generation}, usage.tenant, usage.meter, usage.unit, usage.window_start_ms, usage.window_ms});
  if (!stored) return std::unexpected(stored.error());
  Decimal total;
  if (!stored->empty()) {
    const auto parsed = parse_decimal(sql::text((*stored)[0][0]));
    if (!parsed) return permanent("the ledger's total of " + usage.tenant + ", " + usage.meter + " is no number: '" + sql::text((*stored)[0][0]) + "'");
    total = *parsed;
  }
  const auto sum = add(total, usage.value);
  if (!sum) return permanent("the total of " + usage.tenant + ", " + usage.meter + " would have more than 38 digits: is the meter's value right?");
  return without_count(
      connection.execute("INSERT INTO totals (generation, tenant, meter, unit, window_start_ms, window_ms, value) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                         "ON CONFLICT (generation, tenant, meter, unit, window_start_ms, window_ms) DO UPDATE SET value = excluded.value",
                         {int64_t{plan.generation}, usage.tenant, usage.meter, usage.unit, usage.window_start_ms, usage.window_ms, to_string(*sum)}));
}

}  // namespace

Result<uint32_t> stored_generation(Connection& connection) {
  const auto rows = connection.query("SELECT generation FROM ledger WHERE id = 1");
  if (!rows) return std::unexpected(rows.error());
  return rows->empty() ? 0U : static_cast<uint32_t>(sql::integer((*rows)[0][0]));
}

Result<std::optional<std::string>> known_plan(Connection& connection, const BilledPlan& plan) {
  const auto rows = connection.query("SELECT fingerprint FROM plans WHERE generation = $1 AND plan = $2", {int64_t{plan.generation}, to_string(plan.id.value)});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return sql::text((*rows)[0][0]);
}

Result<std::optional<Offset>> expected_offset(Connection& connection, uint32_t generation, const std::string& pipeline, const BilledRange& range) {
  const auto rows = connection.query("SELECT expected FROM partitions WHERE generation = $1 AND pipeline = $2 AND topic_id = $3 AND partition = $4",
                                     {int64_t{generation}, pipeline, to_string(range.topic_id.value), int64_t{range.partition.value}});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return Offset(sql::integer((*rows)[0][0]));
}

Status move_mark(Connection& connection, uint32_t generation, const std::string& pipeline, const BilledRange& range) {
  return without_count(connection.execute(
      "INSERT INTO partitions (generation, pipeline, topic_id, partition, topic, expected) VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT (generation, pipeline, topic_id, partition) DO UPDATE SET topic = excluded.topic, expected = excluded.expected",
      {int64_t{generation}, pipeline, to_string(range.topic_id.value), int64_t{range.partition.value}, range.topic, range.offsets.end.value}));
}

Result<std::set<std::string>> closed_months(Connection& connection, uint32_t generation) {
  const auto rows = connection.query("SELECT month FROM closed_months WHERE generation = $1", {int64_t{generation}});
  if (!rows) return std::unexpected(rows.error());
  std::set<std::string> months;
  for (const auto& row : *rows) months.insert(sql::text(row[0]));
  return months;
}

Status write_plan(Connection& connection, const BilledPlan& plan, const std::string& fingerprint, int64_t now_ms) {
  const std::string id = to_string(plan.id.value);
  auto done =
      without_count(connection.execute("INSERT INTO plans (generation, plan, pipeline, time_ms, applied_ms, fingerprint) VALUES ($1, $2, $3, $4, $5, $6)",
                                       {int64_t{plan.generation}, id, plan.pipeline, plan.time_ms, now_ms, fingerprint}));
  for (size_t i = 0; done && i < plan.ranges.size(); ++i) {
    const BilledRange& range = plan.ranges[i];
    done =
        without_count(connection.execute("INSERT INTO plan_ranges (generation, plan, number, topic, topic_id, partition, begin_offset, end_offset, records) "
                                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                                         {int64_t{plan.generation}, id, static_cast<int64_t>(i), range.topic, to_string(range.topic_id.value),
                                          int64_t{range.partition.value}, range.offsets.begin.value, range.offsets.end.value, range.records}));
    if (done) done = move_mark(connection, plan.generation, plan.pipeline, range);
  }
  return done;
}

Result<int64_t> write_usage(Connection& connection, const BilledPlan& plan, int64_t now_ms) {
  if (plan.usage.empty()) return 0;
  const auto closed = closed_months(connection, plan.generation);
  if (!closed) return std::unexpected(closed.error());
  const std::string id = to_string(plan.id.value);
  int64_t adjustments = 0;
  for (const auto& usage : plan.usage) {
    const Month month = month_of(usage.window_start_ms);
    const bool late = closed->contains(to_string(month));
    if (late) {
      Month booked = std::max(month, month_of(plan.time_ms));
      while (closed->contains(to_string(booked))) booked = booked.next();
      const auto done = connection.execute(
          "INSERT INTO adjustments (generation, tenant, booked_month, meter, unit, window_start_ms, window_ms, plan, number, value, applied_ms) VALUES ($1, "
          "$2, $3, $4, $5, "
          "$6, $7, $8, $9, $10, $11)",
          {int64_t{plan.generation}, usage.tenant, to_string(booked), usage.meter, usage.unit, usage.window_start_ms, usage.window_ms, id, int64_t{usage.range},
           to_string(usage.value), now_ms});
      if (!done) return std::unexpected(done.error());
      ++adjustments;
    } else if (auto done = add_to_total(connection, plan, usage); !done) {
      return std::unexpected(done.error());
    }
    const auto done = connection.execute(
        "INSERT INTO contributions (generation, tenant, meter, unit, window_start_ms, window_ms, plan, number, value, adjustment) VALUES ($1, $2, $3, $4, $5, "
        "$6, $7, $8, "
        "$9, $10)",
        {int64_t{plan.generation}, usage.tenant, usage.meter, usage.unit, usage.window_start_ms, usage.window_ms, id, int64_t{usage.range},
         to_string(usage.value), int64_t{late}});
    if (!done) return std::unexpected(done.error());
  }
  return adjustments;
}

}  // namespace millrace::billing

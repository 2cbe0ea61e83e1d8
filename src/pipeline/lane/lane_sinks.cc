#include "pipeline/lane/lane_sinks.h"

#include "clients/clickhouse/table_name.h"

namespace millrace::pipeline {

namespace {

ClickHouseSinkSettings clickhouse_settings(const WorkerSettings& all) {
  ClickHouseSinkSettings settings;
  settings.endpoint = all.clickhouse;
  settings.endpoint.query_timeout = std::chrono::milliseconds(5000);
  settings.insert_settings = all.insert_settings;
  return settings;
}

WriteOrder rows_of(const Plan& plan, bool fresh, EpochRows& rows) {
  WriteOrder order{plan.id, plan.time_ms, fresh, {}};
  for (TopicRows& topic : rows.take_rows()) order.tables.push_back({clickhouse::table_of_topic(topic.topic), topic.topic, std::move(topic.rows)});
  if (columns::Block left_out = rows.left_out(); left_out.rows() > 0) order.tables.push_back({clickhouse::kLeftOutTable, "", std::move(left_out)});
  return order;
}

// Every range, billable or not: one that isn't sent is a gap to the next.
BillingOrder usage_of(const Plan& plan, const std::string& pipeline, const EpochRows& rows) {
  BillingOrder order{plan.id, pipeline, plan.time_ms, {}, {}};
  for (const PlanRange& range : plan.ranges) {
    const auto number = static_cast<uint32_t>(order.ranges.size());
    order.ranges.push_back({range.partition.topic, range.topic_id, range.partition.partition, range.offsets, range.records});
    for (Usage& use : rows.ranges().at(range.partition).usage.sorted())
      order.usage.push_back({number, std::move(use.tenant), std::move(use.meter), std::move(use.unit), use.window.start_ms, use.window.size_ms, use.value});
  }
  return order;
}

}  // namespace

LaneSinks::LaneSinks(const WorkerSettings& settings, std::shared_ptr<BillingClient> billing, metrics::Registry& metrics)
    : pipeline_(settings.pipeline),
      clickhouse_(clickhouse_settings(settings), metrics, [] {}),
      billing_(billing ? std::make_unique<BillingSink>(std::move(billing), metrics, [] {}) : nullptr) {}

void LaneSinks::begin(const Plan& plan, bool fresh, EpochRows& rows) {
  if (billing_) billing_->begin(usage_of(plan, pipeline_, rows));
  clickhouse_.begin(rows_of(plan, fresh, rows));
}

SinkState LaneSinks::state() const {
  SinkState all = clickhouse_.state();
  if (!billing_ || all.kind == SinkState::Kind::kStopped) return all;
  SinkState billing = billing_->state();
  if (billing.kind == SinkState::Kind::kStopped) return billing;
  if (all.kind == SinkState::Kind::kIdle || (all.kind == SinkState::Kind::kDurable && billing.kind == SinkState::Kind::kDurable)) return all;
  if (!all.reason.empty() && !billing.reason.empty()) all.reason += "; ";
  return {SinkState::Kind::kWriting, all.reason + billing.reason};
}

void LaneSinks::cancel() {
  clickhouse_.cancel();
  if (billing_) billing_->cancel();
}

std::vector<TableRows> LaneSinks::take_back() { return clickhouse_.take_back(); }

Result<std::string> LaneSinks::traces_of(const TopicPartition& partition, TopicId topic) {
  const std::string table = clickhouse::table_of_topic(partition.topic);
  const auto last = clickhouse_.last_offset(table, partition.topic, partition.partition);
  if (!last) return transient("whether " + table + " has rows of " + to_string(partition) + ": " + last.error().message);
  if (*last) return table + " has rows of it up to offset " + std::to_string((*last)->value);
  if (!billing_) return "";
  const auto expected = billing_->expected(pipeline_, topic, partition.partition);
  if (!expected) return transient("whether " + to_string(partition) + " was billed: " + expected.error().message);
  if (*expected) return "it is billed up to offset " + std::to_string((*expected)->value);
  return "";
}

}  // namespace millrace::pipeline

#include "pipeline/lane/lane_sinks.h"

#include <algorithm>

#include "clients/clickhouse/table_name.h"
#include "pipeline/sinks/warehouse/partition_marks.h"
#include "pipeline/transform/event_time.h"

namespace millrace::pipeline {

namespace {

ClickHouseSinkSettings clickhouse_settings(const PipelineSettings& all, const ClickHouseShards& shards) {
  ClickHouseSinkSettings settings;
  settings.shards = shards;
  settings.insert_settings = all.insert_settings;
  return settings;
}

WriteOrder rows_of(const Plan& plan, bool fresh, EpochRows& rows) {
  WriteOrder order{plan.id, plan.time_ms, fresh, shard_of(plan), {}};
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

LaneSinks::LaneSinks(const PipelineSettings& settings, const ClickHouseShards& clickhouse, std::shared_ptr<BillingClient> billing, metrics::Registry& metrics)
    : pipeline_(settings.pipeline),
      time_column_(settings.rules.time_column),
      billing_(billing ? std::make_unique<BillingSink>(std::move(billing), metrics, [] {}) : nullptr) {
  if (!clickhouse.empty()) clickhouse_ = std::make_unique<ClickHouseSink>(clickhouse_settings(settings, clickhouse), metrics, [] {});
  if (!storage_name(settings.warehouse).empty()) {
    files_ = std::make_unique<WarehouseSink>(WarehouseSinkSettings{.storage = settings.warehouse}, metrics, [] {});
    StorageSettings asked = settings.warehouse;
    asked.bucket.deadline = std::chrono::milliseconds(5000);  // the lane waits for it
    storage_ = std::make_unique<Storage>(asked);
  }
}

void LaneSinks::begin(const Plan& plan, bool fresh, EpochRows& rows) {
  if (billing_) billing_->begin(usage_of(plan, pipeline_, rows));
  if (clickhouse_) clickhouse_->begin(rows_of(plan, fresh, rows));
  if (files_) files_->begin(files_of(plan, rows));
}

WarehouseOrder LaneSinks::files_of(const Plan& plan, EpochRows& rows) const {
  WarehouseOrder order{plan.id, pipeline_, plan.time_ms, {}, {}};
  for (const PlanRange& range : plan.ranges)
    order.ranges.push_back({range.partition.topic, range.topic_id, range.partition.partition, range.offsets, range.records});
  for (TopicRows& topic : rows.take_rows()) {
    const ReaderSchemas::Reader& reader = *rows.catalog()->find(topic.topic)->reader;
    const auto time = std::ranges::find(reader.columns, time_column_, &columns::NamedType::name);
    const bool has_time = time != reader.columns.end() && has_event_time(time->type);
    order.tables.push_back({clickhouse::table_of_topic(topic.topic), topic.topic, has_time ? time_column_ : "", reader.bytes_columns,
                            std::make_shared<const columns::Block>(std::move(topic.rows)), std::move(topic.before)});
  }
  if (columns::Block left_out = rows.left_out(); left_out.rows() > 0)
    order.tables.push_back({clickhouse::kLeftOutTable, "", "", {}, std::make_shared<const columns::Block>(std::move(left_out))});
  return order;
}

std::vector<SinkState> LaneSinks::states() const {
  std::vector<SinkState> all;
  if (clickhouse_) all.push_back(clickhouse_->state());
  if (files_) all.push_back(files_->state());
  if (billing_) all.push_back(billing_->state());
  return all;
}

SinkState LaneSinks::state() const {
  SinkState all{SinkState::Kind::kDurable, "", false};
  for (const SinkState& each : states()) {
    all.crowded = all.crowded || each.crowded;
    if (each.kind == SinkState::Kind::kStopped || each.kind == SinkState::Kind::kIdle) return each;
    if (each.kind == SinkState::Kind::kDurable) continue;
    all.kind = SinkState::Kind::kWriting;
    if (!each.reason.empty()) all.reason += (all.reason.empty() ? "" : "; ") + each.reason;
  }
  return all;
}

void LaneSinks::cancel() {
  if (clickhouse_) clickhouse_->cancel();
  if (files_) files_->cancel();
  if (billing_) billing_->cancel();
}

std::vector<TableRows> LaneSinks::take_back() {
  if (files_) files_->take_back();
  return clickhouse_ ? clickhouse_->take_back() : std::vector<TableRows>();
}

Result<std::string> LaneSinks::traces_of(const TopicPartition& partition, TopicId topic) {
  if (clickhouse_) {
    const std::string table = clickhouse::table_of_topic(partition.topic);
    const auto last = clickhouse_->last_offset(table, partition.topic, partition.partition);
    if (!last) return transient("whether " + table + " has rows of " + to_string(partition) + ": " + last.error().message);
    if (*last) return table + " has rows of it up to offset " + std::to_string((*last)->value);
  }
  if (files_) {
    const auto first = PartitionMarks::first_of(*storage_, pipeline_, topic, partition.partition);
    if (!first) return std::unexpected(first.error());
    if (*first) return "the warehouse " + storage_->name() + " has it from offset " + std::to_string((*first)->value) + " on";
  }
  if (billing_) {
    const auto expected = billing_->expected(pipeline_, topic, partition.partition);
    if (!expected) return transient("whether " + to_string(partition) + " was billed: " + expected.error().message);
    if (*expected) return "it is billed up to offset " + std::to_string((*expected)->value);
  }
  return "";
}

}  // namespace millrace::pipeline

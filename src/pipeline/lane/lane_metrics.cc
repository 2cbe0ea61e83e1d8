#include "pipeline/lane/lane_metrics.h"

#include <algorithm>

namespace millrace::pipeline {

LaneMetrics::LaneMetrics(metrics::Registry& registry, int lane) : registry_(registry) {
  const metrics::Labels labels{{"lane", std::to_string(lane)}};
  in_flight_records = registry.gauge("millrace_in_flight_records", labels);
  in_flight_bytes = registry.gauge("millrace_in_flight_bytes", labels);
  paused = registry.gauge("millrace_lane_paused", labels);
  assigned = registry.gauge("millrace_assigned_partitions", labels);
  plans_pending = registry.gauge("millrace_plans_pending", labels);
  plan_age = registry.gauge("millrace_plan_age_seconds", labels);
  still = registry.gauge("millrace_lane_still_seconds", labels);
  stretch = registry.gauge("millrace_epoch_stretch", labels);
  stretch.set(1);
  adopted = registry.counter("millrace_plans_adopted_total");
  rules_seconds_ = registry.counter("millrace_rules_seconds_total");
  alerts_ = registry.counter("millrace_alerts_raised_total");
  metered_ = registry.counter("millrace_metered_total");
  epochs_ = registry.counter("millrace_epochs_committed_total", labels);
  epoch_records_ = registry.histogram("millrace_epoch_records");
}

LaneMetrics::Topic& LaneMetrics::topic(const std::string& name) {
  const auto [at, added] = topics_.try_emplace(name);
  if (added) {
    const metrics::Labels labels{{"topic", name}};
    at->second = {registry_.counter("millrace_records_consumed_total", labels), registry_.counter("millrace_bytes_consumed_total", labels),
                  registry_.counter("millrace_records_delivered_total", labels), registry_.histogram("millrace_delivery_latency_seconds", labels)};
  }
  return at->second;
}

void LaneMetrics::consumed(const std::string& name, size_t records, size_t bytes) {
  Topic& of = topic(name);
  of.records.add(static_cast<double>(records));
  of.bytes.add(static_cast<double>(bytes));
}

void LaneMetrics::queryable(const std::map<TopicPartition, CollectedRange>& ranges, int64_t now_ms) {
  std::vector<std::pair<double, uint64_t>> seconds;
  for (const auto& [name, range] : ranges) {
    seconds.clear();
    for (const auto& [timestamp_ms, records] : range.timestamps)
      if (timestamp_ms >= 0) seconds.emplace_back(static_cast<double>(std::max<int64_t>(0, now_ms - timestamp_ms)) / 1000, records);
    topic(name.topic).latency.observe_many(seconds);
  }
}

void LaneMetrics::committed(const EpochRows& rows, const std::vector<TopicPartition>& landing) {
  epochs_.add();
  epoch_records_.observe(static_cast<double>(rows.records()));
  for (const auto& name : landing) {
    const auto range = rows.ranges().find(name);
    if (range == rows.ranges().end()) continue;
    topic(name.topic).delivered.add(range->second.records);
    sent(range->second.alerts);
  }
  for (const RejectedRecord& rejected : rows.rejected())
    if (std::ranges::find(landing, rejected.source) != landing.end())
      registry_.counter("millrace_dead_letters_total", {{"topic", rejected.source.topic}, {"code", name(rejected.rejection.code)}}).add();
}

void LaneMetrics::sent(const std::vector<Alert>& alerts) {
  for (const Alert& alert : alerts) registry_.counter("millrace_alerts_sent_total", {{"severity", std::string(word(alert.severity()))}}).add();
}

// Tenants are many, series must not be: the first ones seen have their own.
void LaneMetrics::rules(EpochMemory::RuleFigures& figures) {
  constexpr size_t kTenantsMax = 100;
  rules_seconds_.add(std::chrono::duration<double>(figures.time).count());
  alerts_.add(static_cast<double>(figures.alerts));
  metered_.add(static_cast<double>(figures.metered));
  for (const auto& [tenant, rows] : figures.tenants) {
    if (tenants_.size() < kTenantsMax) tenants_.insert(tenant);
    const std::string label = tenants_.contains(tenant) ? tenant : "(others)";
    for (const auto& [outcome, count] : {std::pair("delivered", rows.delivered), std::pair("dropped", rows.dropped), std::pair("rejected", rows.rejected)})
      if (count > 0) registry_.counter("millrace_rule_rows_total", {{"tenant", label}, {"outcome", outcome}}).add(static_cast<double>(count));
  }
  figures = {};
}

namespace {
metrics::Labels labels_of(const TopicPartition& partition) { return {{"topic", partition.topic}, {"partition", std::to_string(partition.partition.value)}}; }
}  // namespace

void LaneMetrics::lag(const TopicPartition& partition, int64_t records) {
  registry_.gauge("millrace_lag_records", labels_of(partition)).set(static_cast<double>(records));
}
void LaneMetrics::gone(const TopicPartition& partition) { registry_.remove("millrace_lag_records", labels_of(partition)); }

void LaneMetrics::stopped(const std::map<TopicPartition, std::string>& reasons) {
  std::map<std::string, int> now;
  for (const auto& [name, reason] : reasons)
    ++now[reason.starts_with("plan ") ? "plan" : reason.find("offsets accept") != std::string::npos ? "offset" : "reading"];
  for (const char* kind : {"plan", "offset", "reading"}) {
    // Lanes share the series: each adds its difference.
    registry_.gauge("millrace_partitions_stopped", {{"reason", kind}}).add(now[kind] - stopped_[kind]);
    stopped_[kind] = now[kind];
  }
}

}  // namespace millrace::pipeline

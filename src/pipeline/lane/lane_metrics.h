#pragma once
// A lane's figures. Touched once a turn or once an epoch, never once a record.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "clients/metrics/registry.h"
#include "pipeline/lane/epoch_rows.h"

namespace millrace::pipeline {

class LaneMetrics {
 public:
  LaneMetrics(metrics::Registry& registry, int lane);

  void consumed(const std::string& topic, size_t records, size_t bytes);
  // Every row of these ranges can be queried since `now_ms`.
  void queryable(const std::map<TopicPartition, CollectedRange>& ranges, int64_t now_ms);
  // The epoch is committed; `landing` are the partitions that were committed.
  void committed(const EpochRows& rows, const std::vector<TopicPartition>& landing);
  void lag(const TopicPartition& partition, int64_t records);
  void gone(const TopicPartition& partition);  // no longer this lane's
  void stopped(const std::map<TopicPartition, std::string>& reasons);
  void rules(EpochMemory::RuleFigures& figures);  // takes them

  metrics::Gauge in_flight_records, in_flight_bytes, paused, assigned, plans_pending, plan_age, still, stretch;
  metrics::Counter adopted;

  metrics::Counter rebalance(const char* kind) { return registry_.counter("millrace_rebalances_total", {{"kind", kind}}); }

 private:
  struct Topic {
    metrics::Counter records, bytes, delivered;
    metrics::Histogram latency;
  };
  Topic& topic(const std::string& name);
  void sent(const std::vector<Alert>& alerts);

  metrics::Registry& registry_;
  metrics::Counter epochs_;
  metrics::Histogram epoch_records_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, int> stopped_;
  metrics::Counter rules_seconds_, alerts_, metered_;
  std::set<std::string, std::less<>> tenants_;  // with series of their own
};

}  // namespace millrace::pipeline

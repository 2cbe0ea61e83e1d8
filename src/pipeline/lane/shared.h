#pragma once
// What the lanes of one process share: read-only caches, clients that several threads may use, the metrics.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "clients/kafka/admin.h"
#include "clients/metrics/registry.h"
#include "pipeline/lane/alert_topic.h"
#include "pipeline/lane/catalogs.h"
#include "pipeline/decode/schema_cache.h"
#include "pipeline/lane/settings.h"
#include "pipeline/sinks/billing/billing_client.h"
#include "pipeline/sinks/clickhouse/server_clock.h"

namespace millrace::pipeline {

// The topics' ids and partitions as they are now. Thread-safe; blocks for some seconds at most.
class TopicIds {
 public:
  explicit TopicIds(kafka::Admin admin) : admin_(std::move(admin)) {}
  Result<TopicId> find(const std::string& topic);
  // Of those of these topics that are there.
  Result<std::vector<TopicPartition>> partitions(const std::vector<std::string>& topics);

 private:
  std::mutex mutex_;
  kafka::Admin admin_;
};

struct LaneContext {
  const PipelineSettings& settings;
  metrics::Registry& metrics;
  SchemaCache& schemas;
  Catalogs& catalogs;
  TopicIds& topic_ids;
  const ClickHouseShards& clickhouse;  // empty: no row goes to ClickHouse
  const ServerClock* server_clock;     // nullptr likewise
  AlertTopic& alert_topic;
  std::shared_ptr<BillingClient> billing;  // none: nothing is billed
};

}  // namespace millrace::pipeline

#pragma once
// What the lanes of one process share: read-only caches, clients that several threads may use, the metrics.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "clients/kafka/admin.h"
#include "clients/metrics/registry.h"
#include "pipeline/lane/catalog.h"
#include "pipeline/decode/schema_cache.h"
#include "pipeline/lane/settings.h"
#include "pipeline/sinks/clickhouse/server_clock.h"

namespace millrace::pipeline {

// Every catalog that this process holds, by hash. Thread-safe.
class Catalogs {
 public:
  Catalogs(std::vector<std::string> topics, SchemaCache& schemas);
  Status load();                            // asks the registry (or the disk); may be called again: catalogs are only ever added
  CatalogPtr latest() const;                // as of the first load: a worker goes on with what it began with
  CatalogPtr find(const Uuid& hash) const;  // nullptr: not held
  // A plan names a catalog that isn't held: load again, unless that was done within the last seconds.
  CatalogPtr find_or_load(const Uuid& hash);

 private:
  std::vector<std::string> topics_;
  SchemaCache& schemas_;
  mutable std::mutex mutex_;
  std::map<Uuid, CatalogPtr> by_hash_;
  CatalogPtr latest_;
  std::chrono::steady_clock::time_point load_again_{};
};

// The topics' ids as they are now. Thread-safe; blocks for some seconds at most.
class TopicIds {
 public:
  explicit TopicIds(kafka::Admin admin) : admin_(std::move(admin)) {}
  Result<TopicId> find(const std::string& topic);

 private:
  std::mutex mutex_;
  kafka::Admin admin_;
};

struct LaneContext {
  const WorkerSettings& settings;
  metrics::Registry& metrics;
  SchemaCache& schemas;
  Catalogs& catalogs;
  TopicIds& topic_ids;
  ServerClock& server_clock;
};

}  // namespace millrace::pipeline

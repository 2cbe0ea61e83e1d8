#pragma once
// The catalogs that this process holds: the newest one, which new epochs are made with, and those that found plans name. Shared by the lanes.

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catalog_topic/catalog_state.h"
#include "clients/metrics/registry.h"
#include "pipeline/decode/schema_cache.h"
#include "pipeline/lane/catalog.h"
#include "topic_store/topic_store.h"

namespace millrace::pipeline {

// Thread-safe. The catalog's topic, if the settings name one, is followed on a thread of its own, from load() to the destructor; a version that
// these schemas can't be brought together with isn't taken up, and said.
class Catalogs {
 public:
  Catalogs(std::vector<std::string> topics, RuleSettings rules, const kafka::KafkaProperties& kafka, SchemaCache& schemas, metrics::Registry& metrics);
  ~Catalogs();

  // Asks the registry (or the disk), and reads the catalog's topic to its end. Transient: call again.
  Status load();
  CatalogPtr latest() const;  // another one when rules have changed; schemas stay those of the first load, unless new rules want newer ones
  // nullptr: nobody knows it, as far as can be told now. May ask the registry, and compile.
  CatalogPtr find(const Uuid& hash);

 private:
  using Store = topic_store::TopicStore<catalog_topic::CatalogState>;
  using Clock = std::chrono::steady_clock;
  using ContentsPtr = std::shared_ptr<const catalog_topic::CatalogContents>;
  struct Version {
    uint64_t number = 0;
    catalog_topic::CatalogHash hash;
  };

  Status load_schemas();
  void run();
  Status take_up(uint64_t version);
  Result<CatalogPtr> make(const ReaderSchemasPtr& schemas, const ContentsPtr& contents, RuleBookCompiler& compiler) const;
  uint64_t newest() const;                // version of the catalog's topic; 0: the empty one
  std::vector<Version> versions() const;  // of the catalog's topic, newest first; at least the empty one
  ContentsPtr contents(uint64_t version) const;
  CatalogPtr held(const Uuid& hash) const;
  void hold(CatalogPtr catalog);
  CatalogPtr find_among_known(const Uuid& hash);

  const std::vector<std::string> topics_;
  const RuleSettings rules_;
  SchemaCache& schemas_;
  std::unique_ptr<Store> store_;  // none: no rules
  metrics::Gauge version_, refused_;
  metrics::Histogram compile_seconds_;

  std::mutex loading_;                                      // one at a time asks the registry or compiles
  std::unique_ptr<RuleBookCompiler> compiler_;              // of current_; under loading_
  uint64_t tried_ = 0;                                      // version; under loading_
  Clock::time_point try_again_ = Clock::time_point::max();  // it was refused; of the thread

  mutable std::mutex mutex_;
  std::vector<ReaderSchemasPtr> states_;  // oldest first
  ReaderSchemasPtr current_;
  std::vector<CatalogPtr> held_;  // the last ones that were made or asked for
  CatalogPtr latest_;
  Clock::time_point load_again_{};
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::pipeline

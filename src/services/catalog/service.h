#pragma once
// The catalog's service as a process has it: the store, the API, HTTP, the metrics, and the tidying up of old versions.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "catalog_topic/pruning.h"
#include "clients/http_server/server.h"
#include "clients/metrics/registry.h"
#include "services/catalog/api.h"

namespace millrace::catalog {

struct ServiceSettings {
  std::string brokers;
  std::string topic = catalog_topic::kTopic;
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0: a free one
  std::string registry;
  std::optional<clickhouse::Endpoint> clickhouse;  // none: tables are somebody else's business
  std::string database = "default";
  catalog_topic::Retention retention;
  std::chrono::milliseconds tidy_every = std::chrono::minutes(10);
};

// start(), then wait_current() until it is true, then listen(): before that, what is there could look as if it weren't. stop() ends it
// within seconds; a write under way then answers an error, and is in the topic or isn't, as after any crash.
class Service {
 public:
  Service(ServiceSettings settings, metrics::Registry& metrics);
  ~Service() { stop(); }

  void start() { store_.start(); }
  Result<bool> wait_current(std::chrono::milliseconds time) const { return store_.wait_current(time); }
  Status listen();
  uint16_t port() const { return server_.port(); }
  void stop();

  // The newest version that can't be understood, as one sentence; nothing: all is well.
  std::optional<std::string> trouble() const;

 private:
  void serve(http_server::Request& request, http_server::Response& response);
  void tidy();

  const ServiceSettings settings_;
  metrics::Registry& metrics_;
  Api::Store store_;
  SchemaVersions schemas_;
  std::optional<ColumnMaker> columns_;
  Api api_;
  http_server::Server server_;
  std::thread tidying_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // guarded by mutex_
};

}  // namespace millrace::catalog

#pragma once
// The registry as a process has it: the store, the API, HTTP and the metrics.

#include <chrono>

#include "base/result.h"
#include "clients/http_server/server.h"
#include "clients/metrics/registry.h"
#include "services/registry/api.h"

namespace millrace::registry {

struct ServiceSettings {
  std::string brokers;
  std::string topic = "_schemas";
  uint16_t port = 0;  // 0: a free one
  bool read_only = false;
};

// start(), then wait_current() until it is true, then listen(): before that, a schema that is registered could look unknown. stop() ends it
// within two seconds; a write under way then answers an error, and is in the topic or isn't, as after any crash.
class Service {
 public:
  Service(ServiceSettings settings, metrics::Registry& metrics);
  ~Service() { stop(); }

  void start() { store_.start(); }
  Result<bool> wait_current(std::chrono::milliseconds time) const { return store_.wait_current(time); }
  Status listen();
  uint16_t port() const { return server_.port(); }
  void stop();

 private:
  void serve(http_server::Request& request, http_server::Response& response);

  metrics::Registry& metrics_;
  topic_store::TopicStore<SchemaState> store_;
  Api api_;
  http_server::Server server_;
};

}  // namespace millrace::registry

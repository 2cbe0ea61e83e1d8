#pragma once
// The HTTP interface of the demo, on loopback:
//   GET  /metrics, /healthz                         for Prometheus; 503 until everything is up
//   GET  /state                                     children, gates, addresses and the figures of the last second
//   POST /children/{name}/{start|stop|kill|freeze|thaw|restart}   start and restart wait until it is ready (?wait=0: they don't)
//   POST /gates/{a}-{b}?mode=pass|refuse|hang|reset|slow|lose_reply[&bytes_per_s=N][&match=TEXT][&kafka_api=N][&count=N]
// Answers are JSON; a refusal is {"error": "…"} with 400, 404 or 409.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "clients/http_server/server.h"
#include "clients/metrics/registry.h"

namespace millrace::demo {

class Demo;

class Control {
 public:
  Control(Demo& demo, uint16_t port);
  Status start();
  void stop() { server_.stop(); }
  uint16_t port() const { return server_.port(); }

 private:
  std::string metrics();

  Demo& demo_;
  metrics::Registry metrics_;
  http_server::Server server_;
};

}  // namespace millrace::demo

#pragma once
// The billing service of one process: a ledger, and gRPC over it.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "clients/metrics/registry.h"
#include "services/billing/ledger.h"

namespace millrace::billing {

struct ServiceSettings {
  std::string listen = "127.0.0.1:8092";  // HOST:PORT; port 0 picks a free one
  LedgerSettings ledger;
  std::chrono::seconds tidy_every{600};  // how often old plans are forgotten
};

class Service {
 public:
  // Opens the ledger, then listens; serves until stop(). Errors: what the database or the address said.
  static Result<std::unique_ptr<Service>> start(const ServiceSettings& settings, metrics::Registry& metrics);
  ~Service();  // stop()

  int port() const;
  // Why the last write failed; none: it didn't. Asked by /healthz.
  std::optional<std::string> trouble() const;
  // Lets calls under way end, 5 s at most.
  void stop();

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::billing

#pragma once
// How far our clock is from the ClickHouse server's. A lane plans nothing while that is more than a second, or not known: terms and
// deadlines are the server's time, a plan's time is ours. A thread of its own asks; any thread reads.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "clients/clickhouse/client.h"
#include "clients/metrics/registry.h"

namespace millrace::pipeline {

class ServerClock {
 public:
  static constexpr std::chrono::milliseconds kDifferenceMax{1000};

  ServerClock(clickhouse::Endpoint endpoint, metrics::Registry& metrics);
  ~ServerClock();

  // Why nothing may be planned now; empty: it may.
  std::string obstacle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

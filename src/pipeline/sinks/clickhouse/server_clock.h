#pragma once
// How far our clock is from the ClickHouse servers'. A lane plans nothing while one of them is more than a second off, or while no server of
// some shard has told its time: terms and deadlines are the server's time, a plan's time is ours. A thread of its own asks every server, and
// so also keeps account of which of them can be reached; any thread reads.

#include <chrono>
#include <memory>
#include <string>

#include "clients/clickhouse/client.h"
#include "clients/metrics/registry.h"
#include "pipeline/sinks/clickhouse/clickhouse_sink.h"

namespace millrace::pipeline {

class ServerClock {
 public:
  static constexpr std::chrono::milliseconds kDifferenceMax{1000};

  ServerClock(const ClickHouseShards& shards, metrics::Registry& metrics);
  ~ServerClock();

  // Why nothing may be planned now; empty: it may.
  std::string obstacle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

#pragma once
// The servers that a process writes to, watched: which of them answers, and which is in use, is logged and measured.

#include <string>
#include <vector>

#include "clients/metrics/registry.h"
#include "pipeline/sinks/clickhouse/clickhouse_sink.h"

namespace millrace::pipeline {

// A group for each list of `shards`; all but the URLs is `like`'s. `metrics` must outlive them.
ClickHouseShards watched_shards(const clickhouse::Endpoint& like, const std::vector<std::vector<std::string>>& shards, metrics::Registry& metrics);

}  // namespace millrace::pipeline

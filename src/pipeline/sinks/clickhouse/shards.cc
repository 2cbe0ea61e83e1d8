#include "pipeline/sinks/clickhouse/shards.h"

#include "base/log.h"

namespace millrace::pipeline {

ClickHouseShards watched_shards(const clickhouse::Endpoint& like, const std::vector<std::vector<std::string>>& shards, metrics::Registry& metrics) {
  ClickHouseShards all;
  for (const auto& urls : shards) {
    auto changed = [&metrics, replicas = urls.size()](const clickhouse::EndpointChange& change) {
      metrics.gauge("millrace_clickhouse_endpoint_up", {{"endpoint", change.url}}).set(change.up ? 1 : 0);
      metrics.gauge("millrace_clickhouse_endpoint_in_use", {{"endpoint", change.url}}).set(change.in_use ? 1 : 0);
      if (!change.up) {
        metrics.counter("millrace_clickhouse_endpoint_failures_total", {{"endpoint", change.url}}).add();
        log::warn("ClickHouse at {} is out: {}", change.url, change.why);
      } else if (change.in_use && replicas > 1) {
        log::info("ClickHouse at {} is in use", change.url);
      }
    };
    all.push_back(std::make_shared<clickhouse::EndpointGroup>(like, urls, std::move(changed)));
  }
  return all;
}

}  // namespace millrace::pipeline

#pragma once
// Writes a plan's rows to ClickHouse while the lane goes on decoding. One a lane.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/clickhouse/client.h"
#include "clients/metrics/registry.h"
#include "pipeline/sinks/clickhouse/write_order.h"
#include "pipeline/sinks/sink_state.h"

namespace millrace::pipeline {

using ClickHouseShards = std::vector<std::shared_ptr<clickhouse::EndpointGroup>>;

struct ClickHouseSinkSettings {
  ClickHouseShards shards;               // at least one; shared with the process's other sinks
  clickhouse::Settings insert_settings;  // insert_quorum, fsync_after_insert …
  size_t connections = 2;                // tables of one plan that are written side by side
};

class ClickHouseSink {
 public:
  // `wakeup` is called on a writer's thread after each change of state().
  ClickHouseSink(ClickHouseSinkSettings settings, metrics::Registry& metrics, std::function<void()> wakeup);
  ~ClickHouseSink();  // cancels; waits for requests under way

  // Takes the order's rows, all for its shard. Retries as long as it takes; only kDurable and kStopped are ends: an order for a shard that isn't
  // there is kStopped. Not while another one is kWriting.
  void begin(WriteOrder order);
  SinkState state() const;
  // Forgets the order. A request under way runs out by itself and harms nobody: it carries the plan's token and deadline.
  void cancel();
  // After kDurable: the rows' blocks, so that their memory is used again.
  std::vector<TableRows> take_back();

  // The last offset of the partition that the table holds, on any shard; none: no row of it. On the caller's thread.
  Result<std::optional<Offset>> last_offset(const std::string& table, const std::string& topic, PartitionId partition);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

#pragma once
// Writes a plan's rows to ClickHouse while the lane goes on decoding. One a lane.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/clickhouse/client.h"
#include "clients/metrics/registry.h"
#include "pipeline/sinks/clickhouse/write_order.h"
#include "pipeline/sinks/sink_state.h"

namespace millrace::pipeline {

struct ClickHouseSinkSettings {
  clickhouse::Endpoint endpoint;
  clickhouse::Settings insert_settings;  // insert_quorum, fsync_after_insert …
  size_t connections = 2;                // tables of one plan that are written side by side
};

class ClickHouseSink {
 public:
  // `wakeup` is called on a writer's thread after each change of state().
  ClickHouseSink(ClickHouseSinkSettings settings, metrics::Registry& metrics, std::function<void()> wakeup);
  ~ClickHouseSink();  // cancels; waits for requests under way

  // Takes the order's rows. Retries as long as it takes; only kDurable and kStopped are ends. Not while another one is kWriting.
  void begin(WriteOrder order);
  SinkState state() const;
  // Forgets the order. A request under way runs out by itself and harms nobody: it carries the plan's token and deadline.
  void cancel();
  // After kDurable: the rows' blocks, so that their memory is used again.
  std::vector<TableRows> take_back();

  // The server's clock minus ours. On the caller's thread.
  Result<std::chrono::milliseconds> clock_difference();
  // The last offset of the partition that the table holds; none: no row of it.
  Result<std::optional<Offset>> last_offset(const std::string& table, const std::string& topic, PartitionId partition);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

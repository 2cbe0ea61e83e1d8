#pragma once
// Writes a plan's rows into the data warehouse while the lane goes on decoding. One a lane.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clients/metrics/registry.h"
#include "clients/parquet/write_file.h"
#include "pipeline/sinks/sink_state.h"
#include "pipeline/sinks/warehouse/storage.h"
#include "pipeline/sinks/warehouse/warehouse_order.h"

namespace millrace::pipeline {

struct WarehouseSinkSettings {
  StorageSettings storage;
  parquet::WriteSettings files{};
  std::chrono::milliseconds retry_first{100}, retry_max{30'000};  // doubled from one to the other, with jitter
  std::chrono::hours sweep_older_than{24};                        // what writers that died have left
};

// Idempotent by plan: files are named by the plan and appear whole or not at all, the first writer's stand, and the manifest that makes them part of the warehouse comes
// last. Durable: the manifest is there for good. Any number of owners and zombies may write one plan at once.
class WarehouseSink {
 public:
  // `wakeup` is called on the writer's thread after each change of state().
  WarehouseSink(WarehouseSinkSettings settings, metrics::Registry& metrics, std::function<void()> wakeup);
  ~WarehouseSink();  // cancels; waits for the row group under way, a second at most for a transfer

  // Writes the order, again for as long as it takes. Only kDurable and kStopped are ends; kStopped: other rows are there under the plan's name, or the disk can't hold such
  // files at all. Not while another one is kWriting.
  void begin(WarehouseOrder order);
  SinkState state() const;
  // Forgets the order. What is written is what whoever completes the plan will write.
  void cancel();
  // After kDurable: the rows, for whoever shares them.
  std::vector<WarehouseTable> take_back();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline

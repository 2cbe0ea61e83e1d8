#pragma once
// The idempotent sinks of a lane, as one: a plan is written to all of them at once, and is durable when each of them says so.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/lane/epoch_rows.h"
#include "pipeline/commit/plan.h"
#include "pipeline/lane/settings.h"
#include "pipeline/sinks/billing/billing_sink.h"
#include "pipeline/sinks/clickhouse/clickhouse_sink.h"
#include "pipeline/sinks/warehouse/warehouse_sink.h"

namespace millrace::pipeline {

class LaneSinks {
 public:
  // `clickhouse`: the pipeline's servers; empty: no row goes there. `billing`: the process's connection; none: nothing is billed.
  LaneSinks(const PipelineSettings& settings, const ClickHouseShards& clickhouse, std::shared_ptr<BillingClient> billing, metrics::Registry& metrics);

  // Takes the rows' blocks; ranges, rejected records and alerts stay. Not while another plan is being written.
  void begin(const Plan& plan, bool fresh, EpochRows& rows);
  // kWriting: the reasons of all that take long, each with its sink's name. kStopped, as soon as one of them is.
  SinkState state() const;
  void cancel();
  // After kDurable: the rows' blocks, so that their memory is used again.
  std::vector<TableRows> take_back();

  // What a sink has of a partition for which the group has no offset (I7), as in "orders has rows of it up to offset 7"; "": none has anything.
  Result<std::string> traces_of(const TopicPartition& partition, TopicId topic);

 private:
  std::string pipeline_;
  WarehouseOrder files_of(const Plan& plan, EpochRows& rows) const;
  std::vector<SinkState> states() const;

  std::string time_column_;                     // settings
  std::unique_ptr<ClickHouseSink> clickhouse_;  // this one, or the next, or neither
  std::unique_ptr<WarehouseSink> files_;
  std::unique_ptr<Storage> storage_;  // of files_, for the lane's questions
  std::unique_ptr<BillingSink> billing_;
};

}  // namespace millrace::pipeline

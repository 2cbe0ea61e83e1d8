#pragma once
// Makes a found plan's rows again: reads all its ranges with a consumer of its own, decodes them by the plan's catalog, and compares with
// what the plan says of them. In steps, so that the lane serves its group meanwhile. One thread.

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "clients/kafka/reader.h"
#include "pipeline/commit/plan.h"
#include "pipeline/lane/epoch_rows.h"

namespace millrace::pipeline {

class PlanRebuild {
 public:
  enum class State {
    kGoingOn,
    kWaiting,  // something is out of reach that may come back: reason()
    kDone,     // take_rows()
    kRefused,  // it can't be completed as things are: reason()
  };

  PlanRebuild(PlanPtr plan, EpochRows rows, kafka::KafkaProperties kafka);
  State step(std::chrono::milliseconds timeout);
  const PlanPtr& plan() const { return plan_; }
  const std::string& reason() const { return reason_; }
  const EpochRows& rows() const { return rows_; }
  EpochRows take_rows() { return std::move(rows_); }

 private:
  State refuse(std::string reason);
  State wait(std::string reason);
  State take(const RecordBatch& batch);
  State take_run(const RecordRun& run);
  State finished();

  PlanPtr plan_;
  EpochRows rows_;
  kafka::KafkaProperties kafka_;
  std::optional<kafka::Reader> reader_;
  RecordBatch batch_;
  std::map<TopicPartition, Offset> next_;  // of ranges that aren't read to their end
  std::string reason_;
  std::chrono::steady_clock::time_point again_{};
};

}  // namespace millrace::pipeline

#pragma once
// One pipeline in one process: its lanes, each on its thread, and what they share.

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clients/metrics/exposer.h"
#include "pipeline/ingest/group_watch.h"
#include "pipeline/lane/lane.h"
#include "pipeline/lane/shared.h"
#include "pipeline/lane/stuck.h"

namespace millrace::pipeline {

class Pipeline {
 public:
  // Every metric of it has the label `pipeline`. `schemas`, `topic_ids` and `process_metrics` are the process's, and outlive it.
  Pipeline(PipelineSettings settings, SchemaCache& schemas, TopicIds& topic_ids, metrics::Registry& process_metrics);
  ~Pipeline();

  // Loads the catalog (waiting for registry and broker as long as `stop` doesn't say otherwise) and starts the lanes.
  Status start(const std::atomic<bool>& stop);
  void close();  // the lanes finish what is in flight and leave
  bool running() const { return lanes_running_ > 0; }
  Status join();  // the first lane's error
  metrics::Health health() const;
  // A lane can't go on: the process must close and end.
  bool failed() const { return failed_; }
  // Once a second: ends the process (status 1) if a lane hangs, and says where. Whoever supervises it starts it again, and nothing is lost.
  void end_if_stuck();

 private:
  void run(int number);
  void end_lane(size_t at);
  Status until_nobody_is(const std::string& member) const;

  PipelineSettings settings_;
  metrics::Registry metrics_;
  SchemaCache& schemas_;
  TopicIds& topic_ids_;
  Catalogs catalogs_;
  ClickHouseShards clickhouse_;
  std::unique_ptr<ServerClock> server_clock_;
  std::unique_ptr<AlertTopic> alert_topic_;
  std::unique_ptr<LaneContext> context_;
  mutable std::mutex mutex_;  // guards which lanes there are
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<StuckLane> stuck_;
  std::atomic<bool> closing_{false};
  std::vector<Status> results_;
  std::vector<std::thread> threads_;
  std::atomic<int> lanes_running_{0};
  std::atomic<bool> failed_{false};
  std::unique_ptr<GroupWatch> group_watch_;
};

}  // namespace millrace::pipeline

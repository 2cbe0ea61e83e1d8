#pragma once
// A worker process: its pipelines, side by side, and what they share.

#include <memory>
#include <vector>

#include "clients/metrics/exposer.h"
#include "pipeline/lane/pipeline.h"

namespace millrace::pipeline {

class Worker {
 public:
  Worker(WorkerSettings settings, metrics::Registry& metrics);

  // Starts the pipelines at once: one that waits (for registry, broker or catalog, as long as `stop` doesn't say otherwise) keeps no other
  // waiting. Returns when each runs or one can't.
  Status start(const std::atomic<bool>& stop);
  void close();          // the pipelines finish what is in flight and leave
  bool running() const;  // a pipeline does
  Status join();         // the first error
  metrics::Health health() const;
  void end_if_stuck();  // once a second, see Pipeline
  bool failed() const;  // a pipeline can't go on: the process must close and end

 private:
  WorkerSettings settings_;
  metrics::Registry& metrics_;
  SchemaCache schemas_;
  std::unique_ptr<TopicIds> topic_ids_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
};

}  // namespace millrace::pipeline

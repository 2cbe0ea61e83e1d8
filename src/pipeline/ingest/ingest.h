#pragma once
// A lane's membership in the consumer group and the records that came with it. One thread, the lane's.
//
// The group's assignment is answered at once and reads nothing; start_reading() says from where, once the lane has read the committed
// offset. A revocation is answered by release() alone: until then partitions that stop being read are paused, because taking them out
// of the assignment would be taken for the answer.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/kafka/consumer.h"
#include "clients/metrics/registry.h"
#include "pipeline/ingest/record_batch.h"

namespace millrace::pipeline {

struct IngestSettings {
  kafka::ConsumerSettings consumer;
  std::vector<std::string> topics;
  size_t poll_records_max = 10'000;  // about: record batches come whole
  // In flight: consumed and not yet committed. At the high mark of one of them nothing more is taken, at three quarters of it again.
  size_t in_flight_records_max = 400'000;
  size_t in_flight_bytes_max = size_t{24} << 20;
};

struct InFlightUsage {
  size_t records = 0, bytes = 0;
};

class Ingest {
 public:
  static Result<Ingest> create(const IngestSettings& settings, metrics::Registry& metrics);

  // Takes what the broker sent, waiting at most `timeout` for it. `usage` is what the caller holds beyond the records waiting here.
  // While too much is in flight nothing is taken; when that lasts (half a second) the partitions are paused and the group is served all the same.
  void poll(kafka::milliseconds timeout, InFlightUsage usage);
  std::vector<kafka::Rebalance> take_rebalances() { return consumer_.take_rebalances(); }
  std::vector<kafka::PartitionError> take_partition_errors() { return std::exchange(partition_errors_, {}); }

  void start_reading(const TopicPartition& partition, Offset begin);
  // Nothing of them is handed out any more, not even what has arrived already.
  void stop_reading(const std::vector<TopicPartition>& partitions);
  bool reading(const TopicPartition& partition) const;
  void accept_assignment();                                     // answers kAssigned
  void release(const std::vector<TopicPartition>& partitions);  // answers kRevoked and kLost

  // The next records to decode: at least one; nullopt if none waits. pop() takes the first `records` of the run off.
  std::optional<RecordRun> front();
  void pop(size_t records);
  InFlightUsage waiting() const { return waiting_; }
  bool paused() const { return paused_; }

  kafka::Consumer& consumer() { return consumer_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Reading {
    uint64_t since = 0;  // batches that arrived before hold records of an earlier reading
    Offset next;
  };
  struct Waiting {
    RecordBatch batch;
    uint64_t number = 0;
    size_t at = 0;
  };

  Ingest(const IngestSettings& settings, metrics::Registry& metrics, kafka::Consumer consumer);
  bool too_much(const InFlightUsage& usage) const;
  void take_in(RecordBatch&& batch);
  void spare(RecordBatch&& batch);
  void pause(bool on);
  void count_errors(const RecordBatch& batch);

  IngestSettings settings_;
  metrics::Registry& metrics_;
  kafka::Consumer consumer_;  // outlives the batches
  std::deque<Waiting> batches_;
  std::vector<RecordBatch> spare_;
  std::map<TopicPartition, Reading> reading_;
  std::set<TopicPartition> assigned_;  // in librdkafka's assignment
  std::vector<kafka::PartitionError> partition_errors_;
  InFlightUsage waiting_;
  uint64_t number_ = 0;
  bool paused_ = false;
  std::optional<Clock::time_point> full_since_;
};

}  // namespace millrace::pipeline

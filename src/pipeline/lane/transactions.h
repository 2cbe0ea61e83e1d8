#pragma once
// The lane's transactional producer: carries out what the protocol core wants committed, and says what came of it. One thread.

#include <chrono>
#include <optional>
#include <string>

#include "clients/kafka/consumer.h"
#include "clients/kafka/transactional_producer.h"
#include "clients/metrics/registry.h"
#include "pipeline/commit/lane_protocol.h"
#include "pipeline/lane/alert_topic.h"
#include "pipeline/lane/epoch_rows.h"

namespace millrace::pipeline {

class Transactions {
 public:
  // `alerts`: where they go; those of a plan are committed only once it has its schema's id.
  Transactions(kafka::TransactionalSettings settings, std::string dead_letters, const AlertTopic& alerts, metrics::Registry& metrics);

  // Drops the former producer and initialises one under the same id. Blocks for some seconds at most; a transient error: call again.
  Status init();
  // One transaction with the membership of this moment. `landed` is of the plan that lands, nullptr if none does: its rejected records and
  // its alerts go along, those of partitions that don't land are left out. kRefused: nothing of it will ever be there, and the producer lives on.
  CommitAnswer commit(const action::Commit& commit, const EpochRows* landed, const kafka::Consumer& member);
  // The largest dead letter that the topic's broker is sure to take, bytes.
  static constexpr size_t kDeadLetterBytesMax = 1'900'000;

 private:
  kafka::TransactionStatus produce(const action::Commit& commit, const EpochRows& landed);
  CommitAnswer failed(const kafka::TransactionError& error);

  kafka::TransactionalSettings settings_;
  std::string dead_letters_;
  const AlertTopic& alerts_;
  metrics::Registry& metrics_;
  std::optional<kafka::TransactionalProducer> producer_;
  std::string said_;  // of what went wrong, since the last commit: said again after a while only
  std::chrono::steady_clock::time_point said_at_{};
};

}  // namespace millrace::pipeline

#pragma once
// The lane's transactional producer: carries out what the protocol core wants committed, and says what came of it. One thread.

#include <optional>
#include <string>

#include "clients/kafka/consumer.h"
#include "clients/kafka/transactional_producer.h"
#include "clients/metrics/registry.h"
#include "pipeline/commit/lane_protocol.h"
#include "pipeline/decode/rejected_record.h"

namespace millrace::pipeline {

class Transactions {
 public:
  Transactions(kafka::TransactionalSettings settings, std::string dead_letters, metrics::Registry& metrics);

  // Drops the former producer and initialises one under the same id. Blocks for some seconds at most; a transient error: call again.
  Status init();
  // One transaction with the membership of this moment. `rejected` holds those of the plan that lands; the ones of partitions that
  // don't land are left out. kRefused: nothing of it will ever be there, and the producer lives on.
  CommitAnswer commit(const action::Commit& commit, const std::vector<RejectedRecord>& rejected, const kafka::Consumer& member);
  // The largest dead letter that the topic's broker is sure to take, bytes.
  static constexpr size_t kDeadLetterBytesMax = 1'900'000;

 private:
  CommitAnswer failed(const kafka::TransactionError& error);

  kafka::TransactionalSettings settings_;
  std::string dead_letters_;
  metrics::Registry& metrics_;
  std::optional<kafka::TransactionalProducer> producer_;
};

}  // namespace millrace::pipeline

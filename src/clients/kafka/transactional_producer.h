#pragma once
// The producer whose transactions carry offsets, plans and dead letters.

#include <expected>
#include <memory>

#include "clients/kafka/consumer.h"

namespace millrace::kafka {

enum class TransactionFailure {
  kFenced,          // another producer has our transactional id: drop the producer. From commit() it says nothing about
                    // the outcome (the first request may have gone through, and its repetition met the fence)
  kRefusedByGroup,  // generation, member or instance isn't the group's any more: abort(), serve the rebalance
  kAbortable,       // surely not committed: abort(), then try again
  kTransient,       // init or begin only: nothing happened, call again
  kUnknown,         // nobody knows: drop the producer, make a new one under the same id, init() settles it
};
struct TransactionError {
  TransactionFailure failure;
  int code = 0;  // librdkafka's
  std::string message;
};
using TransactionStatus = std::expected<void, TransactionError>;
const char* name(TransactionFailure failure);

struct TransactionalSettings {
  KafkaProperties kafka;
  std::string transactional_id;
  milliseconds transaction_timeout{10'000};
  milliseconds retry_backoff{5};  // how soon "concurrent transactions" is asked again: it is on the way of every commit
};

// One thread. begin, produce and send_offsets any number of times, then commit or abort. Every call blocks for at most
// `timeout`. After kFenced or kUnknown the object is spent: destroy it and create another one.
class TransactionalProducer {
 public:
  static Result<TransactionalProducer> create(const TransactionalSettings& settings);
  TransactionalProducer(TransactionalProducer&&) noexcept;
  TransactionalProducer& operator=(TransactionalProducer&&) noexcept;
  ~TransactionalProducer();

  TransactionStatus init(milliseconds timeout);  // settles the last transaction under this id and fences its owner
  TransactionStatus begin();
  TransactionStatus produce(const OutgoingRecord& record);  // queued; its failure shows in commit as kAbortable
  TransactionStatus send_offsets(const std::vector<OffsetToCommit>& offsets, const GroupMetadata& group, milliseconds timeout);
  TransactionStatus commit(milliseconds timeout);
  TransactionStatus abort(milliseconds timeout);
  // Until what was produced is at the broker, or has failed: an abort throws away what hasn't left yet.
  void flush(milliseconds timeout);

 private:
  struct Impl;
  explicit TransactionalProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka

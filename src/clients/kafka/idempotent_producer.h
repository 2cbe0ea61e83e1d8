#pragma once
// The fast producer without transactions: load generators and tools.

#include <functional>
#include <memory>

#include "clients/kafka/types.h"

namespace millrace::kafka {

struct IdempotentSettings {
  KafkaProperties kafka;
  milliseconds linger{5};
  size_t batch_bytes_max = 1u << 20;
  size_t queue_records_max = 100'000;
  size_t queue_bytes_max = 64u << 20;
  std::string compression = "lz4";
};

// produce() from one thread; counters from any.
class IdempotentProducer {
 public:
  // Called from produce(), poll() and flush() for each record that was not delivered.
  using OnFailure = std::function<void(const TopicPartition&, const Error&)>;

  static Result<IdempotentProducer> create(const IdempotentSettings& settings, OnFailure on_failure = {});
  IdempotentProducer(IdempotentProducer&&) noexcept;
  IdempotentProducer& operator=(IdempotentProducer&&) noexcept;
  ~IdempotentProducer();  // drops what isn't delivered: flush() first

  // Waits (serving deliveries) while the queue is full, at most `timeout`: then a transient error, nothing queued.
  Status produce(const OutgoingRecord& record, milliseconds timeout = milliseconds(10'000));
  void poll(milliseconds timeout = milliseconds(0));
  Status flush(milliseconds timeout);

  uint64_t delivered() const;
  uint64_t failed() const;
  size_t in_flight() const;

 private:
  struct Impl;
  explicit IdempotentProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka

#pragma once
// A batch of consumed records: views over memory that the batch owns.

#include <span>
#include <vector>

#include "clients/kafka/types.h"

struct rd_kafka_message_s;  // librdkafka's rd_kafka_message_t, never looked into outside this room

namespace millrace::kafka {

struct RecordRef {
  std::string_view key;  // data() == nullptr: no key
  std::string_view value;
  Offset offset;
  int64_t timestamp_ms = -1;  // -1: none
  PartitionId partition;
  uint16_t topic = 0;  // index for topic_name() of the consumer that gave the batch
  bool null_value = false;
};

// Owns what librdkafka fetched; give it back by destroying or clearing it, on any thread, but before its consumer is
// destroyed. Moving keeps all views valid.
class MessageBatch {
 public:
  // A partition was read to its end (last stable offset with read_committed); only with read_to_end consumers.
  struct End {
    TopicPartition partition;
    Offset offset;
  };

  MessageBatch();
  ~MessageBatch();
  MessageBatch(MessageBatch&&) noexcept;
  MessageBatch& operator=(MessageBatch&&) noexcept;

  std::span<const RecordRef> records() const { return records_; }
  // Parses the headers of records()[index]; costs allocations for each.
  std::vector<Header> headers(size_t index) const;
  const std::vector<PartitionError>& partition_errors() const { return partition_errors_; }
  const std::vector<Error>& errors() const { return errors_; }  // of the client as a whole (all brokers down, …)
  const std::vector<End>& ends() const { return ends_; }
  bool empty() const { return records_.empty() && partition_errors_.empty() && errors_.empty() && ends_.empty(); }
  size_t bytes() const { return bytes_; }  // of keys and values
  void clear();

 private:
  friend class Fetcher;
  std::vector<rd_kafka_message_s*> messages_;  // what the views are into
  std::vector<RecordRef> records_;
  std::vector<std::string_view> headers_;  // parallel to records_: as they stand in the protocol
  std::vector<PartitionError> partition_errors_;
  std::vector<Error> errors_;
  std::vector<End> ends_;
  size_t bytes_ = 0;
};

}  // namespace millrace::kafka

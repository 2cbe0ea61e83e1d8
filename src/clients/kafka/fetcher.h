#pragma once
// Private to this room: fills a MessageBatch from a librdkafka queue; gives topics their small numbers.

#include <array>

#include "clients/kafka/batch.h"
#include "clients/kafka/handle.h"

namespace millrace::kafka {

class Fetcher {
 public:
  void fill(rd_kafka_queue_t* queue, MessageBatch& batch, size_t records_max, milliseconds timeout);
  const std::string& topic_name(uint16_t index) const { return names_.at(index); }
  uint16_t topic_index(std::string_view name);
  std::vector<Error> errors;  // client-wide, put by the error callback; moved into the next batch

 private:
  size_t get(rd_kafka_queue_t* queue, MessageBatch& batch, size_t messages_max, milliseconds timeout);
  void take(MessageBatch& batch, rd_kafka_message_t* message);
  static void take_error(MessageBatch& batch, const rd_kafka_message_t& message);
  void take_records(MessageBatch& batch, const rd_kafka_message_t& message, const rd_kafka_record_batch_t& about);
  void take_record(MessageBatch& batch, const rd_kafka_message_t& message);
  std::array<rd_kafka_message_t*, 1024> fetched_;
  std::vector<std::string> names_;
  // Valid within one fill() only: the messages hold their topic.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  uint16_t last_index_ = 0;
};

}  // namespace millrace::kafka

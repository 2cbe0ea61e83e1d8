#pragma once
// Private to this room: fills a MessageBatch from a librdkafka queue; gives topics their small numbers.

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
  void take(MessageBatch& batch, rd_kafka_message_t* message);
  std::vector<rd_kafka_message_t*> fetched_;  // room for the largest batch: batches keep only what they need
  std::vector<std::string> names_;
  // Valid within one fill() only: the messages hold their topic.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  uint16_t last_index_ = 0;
};

}  // namespace millrace::kafka

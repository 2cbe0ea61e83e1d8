#include "clients/kafka/batch.h"

#include "clients/kafka/handle.h"
#include "clients/kafka/record_reader.h"

namespace millrace::kafka {

MessageBatch::MessageBatch() = default;
MessageBatch::~MessageBatch() { clear(); }
MessageBatch::MessageBatch(MessageBatch&& other) noexcept { *this = std::move(other); }
MessageBatch& MessageBatch::operator=(MessageBatch&& other) noexcept {
  if (this == &other) return *this;
  clear();
  messages_.swap(other.messages_);
  records_.swap(other.records_);
  headers_.swap(other.headers_);
  partition_errors_.swap(other.partition_errors_);
  errors_.swap(other.errors_);
  ends_.swap(other.ends_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void MessageBatch::clear() {
  for (auto* m : messages_) rd_kafka_message_destroy(m);
  messages_.clear();
  records_.clear();
  headers_.clear();
  partition_errors_.clear();
  errors_.clear();
  ends_.clear();
  bytes_ = 0;
}

std::vector<Header> MessageBatch::headers(size_t index) const { return index < headers_.size() ? read_headers(headers_[index]) : std::vector<Header>{}; }

}  // namespace millrace::kafka

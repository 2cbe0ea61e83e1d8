#include "clients/kafka/batch.h"

#include <algorithm>

#include "clients/kafka/fetcher.h"

namespace millrace::kafka {

MessageBatch::MessageBatch() = default;
MessageBatch::~MessageBatch() { clear(); }
MessageBatch::MessageBatch(MessageBatch&& other) noexcept { *this = std::move(other); }
MessageBatch& MessageBatch::operator=(MessageBatch&& other) noexcept {
  if (this == &other) return *this;
  clear();
  messages_.swap(other.messages_);
  records_.swap(other.records_);
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
  partition_errors_.clear();
  errors_.clear();
  ends_.clear();
  bytes_ = 0;
}

std::vector<Header> MessageBatch::headers(size_t index) const {
  std::vector<Header> out;
  rd_kafka_headers_t* raw = nullptr;
  if (index >= messages_.size()) return out;
  if (rd_kafka_message_headers(messages_[index], &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(raw, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    out.push_back({name, value ? std::string(static_cast<const char*>(value), size) : std::string(), value == nullptr});
  return out;
}

uint16_t Fetcher::topic_index(std::string_view name) {
  auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) it = names_.insert(names_.end(), std::string(name));
  return static_cast<uint16_t>(it - names_.begin());
}

void Fetcher::fill(rd_kafka_queue_t* queue, MessageBatch& batch, size_t records_max, milliseconds timeout) {
  batch.clear();
  auto& raw = fetched_;
  if (raw.size() < records_max) raw.resize(records_max);
  // librdkafka waits the whole timeout for a batch to become full: so take what is there, and only when that is
  // nothing wait for one message, then take what came with it.
  auto get = [&](size_t from, size_t size, int wait_ms) {
    auto got = rd_kafka_consume_batch_queue(queue, wait_ms, raw.data() + from, size);
    return got > 0 ? static_cast<size_t>(got) : 0;
  };
  size_t got = get(0, records_max, 0);
  if (got == 0 && timeout.count() > 0) {
    got = get(0, 1, static_cast<int>(timeout.count()));
    if (got == 1 && records_max > 1) got += get(1, records_max - 1, 0);
  }
  batch.records_.reserve(got);
  batch.messages_.reserve(got);
  last_topic_ = nullptr;
  for (size_t i = 0; i < got; ++i) {
    rd_kafka_message_t* m = raw[i];
    take(batch, m);
    if (m->err)
      rd_kafka_message_destroy(m);
    else
      batch.messages_.push_back(m);
  }
  for (auto& e : errors) batch.errors_.push_back(std::move(e));
  errors.clear();
}

void Fetcher::take(MessageBatch& batch, rd_kafka_message_t* m) {
  if (m->err) {
    if (!m->rkt) {
      batch.errors_.push_back(error_of(m->err, "consume", rd_kafka_message_errstr(m)));
      return;
    }
    TopicPartition p{rd_kafka_topic_name(m->rkt), PartitionId(m->partition)};
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      batch.ends_.push_back({std::move(p), Offset(m->offset)});
      return;
    }
    std::string what = "consume of " + p.topic + "/" + std::to_string(m->partition);
    batch.partition_errors_.push_back({std::move(p), error_of(m->err, what, rd_kafka_message_errstr(m))});
    return;
  }
  if (m->rkt != last_topic_) {
    last_topic_ = m->rkt;
    last_index_ = topic_index(rd_kafka_topic_name(m->rkt));
  }
  rd_kafka_timestamp_type_t type;
  RecordRef r;
  r.key = {static_cast<const char*>(m->key), m->key_len};
  r.value = {static_cast<const char*>(m->payload), m->len};
  r.offset = Offset(m->offset);
  r.timestamp_ms = rd_kafka_message_timestamp(m, &type);
  r.partition = PartitionId(m->partition);
  r.topic = last_index_;
  r.null_value = m->payload == nullptr;
  batch.bytes_ += m->key_len + m->len;
  batch.records_.push_back(r);
}

}  // namespace millrace::kafka

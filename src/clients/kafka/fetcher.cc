#include "clients/kafka/fetcher.h"

#include <algorithm>

#include "clients/kafka/record_reader.h"

namespace millrace::kafka {

uint16_t Fetcher::topic_index(std::string_view name) {
  auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) it = names_.insert(names_.end(), std::string(name));
  return static_cast<uint16_t>(it - names_.begin());
}

void Fetcher::fill(rd_kafka_queue_t* queue, MessageBatch& batch, size_t records_max, milliseconds timeout) {
  batch.clear();
  last_topic_ = nullptr;
  // librdkafka waits the whole timeout for as many messages as are asked for: so take what is there, and only when that is
  // nothing wait for one message, then take what came with it.
  bool more = get(queue, batch, 1, milliseconds(0)) || (timeout.count() > 0 && get(queue, batch, 1, timeout));
  // A message is a record batch of any size: ask for as many as will be enough if the others are like those up to now, and
  // for no more than there were up to now, since those may be like nothing else.
  while (more && batch.records_.size() < records_max) {
    const size_t before = std::clamp<size_t>(batch.messages_.size(), 1, fetched_.size());
    const size_t each = std::max<size_t>(batch.records_.size() / before, 1);
    const size_t wanted = std::clamp<size_t>((records_max - batch.records_.size()) / each, 1, before);
    more = get(queue, batch, wanted, milliseconds(0)) == wanted;
  }
  for (auto& e : errors) batch.errors_.push_back(std::move(e));
  errors.clear();
}

size_t Fetcher::get(rd_kafka_queue_t* queue, MessageBatch& batch, size_t messages_max, milliseconds timeout) {
  const auto got = rd_kafka_consume_batch_queue(queue, static_cast<int>(timeout.count()), fetched_.data(), messages_max);
  for (ssize_t i = 0; i < got; ++i) take(batch, fetched_[static_cast<size_t>(i)]);
  return got > 0 ? static_cast<size_t>(got) : 0;
}

void Fetcher::take(MessageBatch& batch, rd_kafka_message_t* m) {
  if (m->err) {
    take_error(batch, *m);
    rd_kafka_message_destroy(m);
    return;
  }
  batch.messages_.push_back(m);
  if (m->rkt != last_topic_) {
    last_topic_ = m->rkt;
    last_index_ = topic_index(rd_kafka_topic_name(m->rkt));
  }
  rd_kafka_record_batch_t records;
  if (rd_kafka_message_record_batch(m, &records))
    take_records(batch, *m, records);
  else
    take_record(batch, *m);
}

void Fetcher::take_error(MessageBatch& batch, const rd_kafka_message_t& m) {
  if (!m.rkt) {
    batch.errors_.push_back(error_of(m.err, "consume", rd_kafka_message_errstr(&m)));
    return;
  }
  TopicPartition p{rd_kafka_topic_name(m.rkt), PartitionId(m.partition)};
  if (m.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    batch.ends_.push_back({std::move(p), Offset(m.offset)});
    return;
  }
  std::string what = "consume of " + p.topic + "/" + std::to_string(m.partition);
  batch.partition_errors_.push_back({std::move(p), error_of(m.err, what, rd_kafka_message_errstr(&m))});
}

// All of the batch, or an error of the partition and nothing.
void Fetcher::take_records(MessageBatch& batch, const rd_kafka_message_t& m, const rd_kafka_record_batch_t& about) {
  rd_kafka_timestamp_type_t type;
  const int64_t timestamp = rd_kafka_message_timestamp(&m, &type);
  const int64_t delta_counts = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? 0 : 1;
  const size_t begin = batch.records_.size(), bytes = batch.bytes_;
  RecordReader reader({static_cast<const char*>(m.payload), m.len});
  RecordFields fields;
  RecordRef r{
      .key = {}, .value = {}, .offset = {}, .timestamp_ms = timestamp, .partition = PartitionId(m.partition), .topic = last_index_, .null_value = false};
  int32_t read = 0;
  for (; reader.next(fields); ++read) {
    r.offset = Offset(about.base_offset + fields.offset_delta);
    if (r.offset.value < about.begin_offset) continue;
    r.timestamp_ms = timestamp + delta_counts * fields.timestamp_delta;
    r.key = fields.key;
    r.value = fields.value;
    r.null_value = fields.null_value;
    batch.bytes_ += r.key.size() + r.value.size();
    batch.records_.push_back(r);
    batch.headers_.push_back(fields.headers);
  }
  if (!reader.malformed() && read == about.record_count) return;
  batch.records_.resize(begin);
  batch.headers_.resize(begin);
  batch.bytes_ = bytes;
  TopicPartition p{rd_kafka_topic_name(m.rkt), r.partition};
  const std::string what = "consume of " + p.topic + "/" + std::to_string(m.partition);
  batch.partition_errors_.push_back({std::move(p), error_of(RD_KAFKA_RESP_ERR__BAD_MSG, what,
                                                            "record batch at offset " + std::to_string(about.base_offset) + ": " + std::to_string(read) +
                                                                " records can be read of " + std::to_string(about.record_count))});
}

// Of a message format before v2: it comes alone, and has no headers.
void Fetcher::take_record(MessageBatch& batch, const rd_kafka_message_t& m) {
  rd_kafka_timestamp_type_t type;
  batch.records_.push_back({.key = {static_cast<const char*>(m.key), m.key_len},
                            .value = {static_cast<const char*>(m.payload), m.len},
                            .offset = Offset(m.offset),
                            .timestamp_ms = rd_kafka_message_timestamp(&m, &type),
                            .partition = PartitionId(m.partition),
                            .topic = last_index_,
                            .null_value = m.payload == nullptr});
  batch.headers_.emplace_back();
  batch.bytes_ += m.key_len + m.len;
}

}  // namespace millrace::kafka

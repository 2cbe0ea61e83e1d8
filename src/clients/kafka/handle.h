#pragma once
// Private to this room: librdkafka's objects in RAII, its configuration and its errors in our terms.

#include <librdkafka/rdkafka.h>

#include <memory>

#include "clients/kafka/types.h"

namespace millrace::kafka {

template <auto destroy>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    destroy(p);
  }
};
// Of consumers: records come as the batches that they stand in (scripts/librdkafka-record-batches.patch). Nobody's to change.
constexpr const char* kRecordBatches = "fetch.record.batches";

using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using HandlePtr = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using ListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, Deleter<rd_kafka_topic_partition_list_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;

// "what: text (CODE)", with what can be expected of a second try.
Error error_of(rd_kafka_resp_err_t code, std::string_view what, std::string_view text = {});
inline std::unexpected<Error> fail(rd_kafka_resp_err_t code, std::string_view what, std::string_view text = {}) {
  return std::unexpected(error_of(code, what, text));
}
Status status_of(rd_kafka_resp_err_t code, std::string_view what);
Status status_of(ErrorPtr error, std::string_view what);

// What a client of ours needs, in librdkafka's property names; properties.overrides win.
Result<ConfPtr> make_conf(const KafkaProperties& properties, const std::map<std::string, std::string>& ours);
Result<HandlePtr> make_handle(rd_kafka_type_t type, ConfPtr conf);

ListPtr make_list(const std::vector<TopicPartition>& partitions);
ListPtr make_list(const std::vector<std::pair<TopicPartition, Offset>>& positions);
TopicPartition partition_of(const rd_kafka_topic_partition_t& p);
std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t* list);

// Shared by Consumer and Reader. Always asks for stable offsets.
Result<std::vector<CommittedOffset>> read_committed(rd_kafka_t* rk, const std::string& group, const std::vector<TopicPartition>& partitions,
                                                    milliseconds timeout);
Result<Watermarks> query_watermarks(rd_kafka_t* rk, const TopicPartition& partition, milliseconds timeout);
Status seek_partitions(rd_kafka_t* rk, const std::vector<std::pair<TopicPartition, Offset>>& positions);
Status pause_partitions(rd_kafka_t* rk, const std::vector<TopicPartition>& partitions, bool pause);

// librdkafka doesn't wake the thread that fetches when partitions become fetchable again: it would sleep for up to a
// second. Any request to their leaders wakes it; this asks for offsets, without waiting for the answer.
void wake_fetchers(rd_kafka_t* rk, const rd_kafka_topic_partition_list_t* partitions);

// A record's headers and fields as rd_kafka_produceva wants them. Returns what it returns.
ErrorPtr produce_record(rd_kafka_t* rk, const OutgoingRecord& record);

}  // namespace millrace::kafka

#include "clients/kafka/handle.h"

#include <array>

#include "base/log.h"

namespace millrace::kafka {
namespace {

bool is_transient(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED: return true;
    default: return false;
  }
}

void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (level <= 3)
    log::warn("kafka {}: {}", facility, text);
  else if (level <= 5)
    log::info("kafka {}: {}", facility, text);
  else
    log::debug("kafka {}: {}", facility, text);
}

}  // namespace

Error error_of(rd_kafka_resp_err_t code, std::string_view what, std::string_view text) {
  Error error{is_transient(code) ? Retry::kTransient : Retry::kPermanent, code, std::string(what)};
  error.message += ": ";
  error.message += text.empty() ? std::string_view(rd_kafka_err2str(code)) : text;
  error.message += " (";
  error.message += rd_kafka_err2name(code);
  error.message += ")";
  return error;
}

Status status_of(rd_kafka_resp_err_t code, std::string_view what) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail(code, what);
}

Status status_of(ErrorPtr error, std::string_view what) {
  if (!error) return {};
  return fail(rd_kafka_error_code(error.get()), what, rd_kafka_error_string(error.get()));
}

Result<ConfPtr> make_conf(const KafkaProperties& properties, const std::map<std::string, std::string>& ours) {
  ConfPtr conf(rd_kafka_conf_new());
  std::map<std::string, std::string> all = ours;
  all["bootstrap.servers"] = properties.brokers;
  all["client.id"] = properties.client_id;
  all.try_emplace("reconnect.backoff.ms", "50");
  all.try_emplace("reconnect.backoff.max.ms", "1000");
  all.try_emplace("log.connection.close", "false");
  all.try_emplace("allow.auto.create.topics", "false");
  for (const auto& [name, value] : properties.overrides) {
    if (name == kRecordBatches) return permanent("kafka property " + name + ": it isn't for settings; what reads records depends on it");
    all[name] = value;
  }
  char text[512];
  for (const auto& [name, value] : all)
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK)
      return permanent("kafka property " + name + "=" + value + ": " + text);
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  return conf;
}

Result<HandlePtr> make_handle(rd_kafka_type_t type, ConfPtr conf) {
  char text[512];
  HandlePtr rk(rd_kafka_new(type, conf.get(), text, sizeof text));
  if (!rk) return permanent(std::string("kafka client: ") + text);
  conf.release();  // the handle owns it now
  return rk;
}

ListPtr make_list(const std::vector<TopicPartition>& partitions) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& p : partitions) rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition.value);
  return list;
}

ListPtr make_list(const std::vector<std::pair<TopicPartition, Offset>>& positions) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [p, offset] : positions) rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition.value)->offset = offset.value;
  return list;
}

TopicPartition partition_of(const rd_kafka_topic_partition_t& p) { return {p.topic, PartitionId(p.partition)}; }

std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t* list) {
  std::vector<TopicPartition> out;
  if (!list) return out;
  out.reserve(static_cast<size_t>(list->cnt));
  for (int i = 0; i < list->cnt; ++i) out.push_back(partition_of(list->elems[i]));
  return out;
}

// Not rd_kafka_committed(): that one keeps asking while any partition is unstable, and then says only "timed out".
Result<std::vector<CommittedOffset>> read_committed(rd_kafka_t* rk, const std::string& group, const std::vector<TopicPartition>& partitions,
                                                    milliseconds timeout) {
  const char* what = "reading committed offsets";
  if (partitions.empty()) return std::vector<CommittedOffset>{};
  char text[256];
  std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), text, sizeof text);
  if (ErrorPtr e(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1)); e) return std::unexpected(status_of(std::move(e), what).error());
  QueuePtr queue(rd_kafka_queue_new(rk));
  ListPtr wanted = make_list(partitions);
  auto* request = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), wanted.get());
  rd_kafka_ListConsumerGroupOffsets(rk, &request, 1, options.get(), queue.get());
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  EventPtr event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count()) + 1000));
  if (!event) return fail(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (auto code = rd_kafka_event_error(event.get())) return fail(code, what, rd_kafka_event_error_string(event.get()));
  size_t groups = 0;
  auto* results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &groups);
  if (groups != 1) return fail(RD_KAFKA_RESP_ERR__FAIL, what);
  if (auto* error = rd_kafka_group_result_error(results[0])) return fail(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  const auto* list = rd_kafka_group_result_partitions(results[0]);
  std::vector<CommittedOffset> out;
  for (const auto& p : partitions) {
    CommittedOffset c{.partition = p, .offset = {}, .metadata = {}, .error = {}, .unstable = false};
    const auto* e = rd_kafka_topic_partition_list_find(list, p.topic.c_str(), p.partition.value);
    auto code = e ? e->err : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (code) {
      c.error = error_of(code, "committed offset of " + p.topic + "/" + std::to_string(p.partition.value));
      c.unstable = code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    } else if (e->offset >= 0) {
      c.offset = Offset(e->offset);
      if (e->metadata) c.metadata.assign(static_cast<const char*>(e->metadata), e->metadata_size);
    }
    out.push_back(std::move(c));
  }
  return out;
}

Result<Watermarks> query_watermarks(rd_kafka_t* rk, const TopicPartition& p, milliseconds timeout) {
  Watermarks w;
  auto code = rd_kafka_query_watermark_offsets(rk, p.topic.c_str(), p.partition.value, &w.low.value, &w.high.value, static_cast<int>(timeout.count()));
  if (code) return fail(code, "watermarks of " + p.topic + "/" + std::to_string(p.partition.value));
  return w;
}

Status seek_partitions(rd_kafka_t* rk, const std::vector<std::pair<TopicPartition, Offset>>& positions) {
  ListPtr list = make_list(positions);
  if (auto s = status_of(ErrorPtr(rd_kafka_seek_partitions(rk, list.get(), 5000)), "seek"); !s) return s;
  for (int i = 0; i < list->cnt; ++i)
    if (list->elems[i].err) return fail(list->elems[i].err, std::string("seek in ") + list->elems[i].topic);
  wake_fetchers(rk, list.get());
  return {};
}

void wake_fetchers(rd_kafka_t* rk, const rd_kafka_topic_partition_list_t* partitions) {
  if (partitions->cnt == 0) return;
  ListPtr list(rd_kafka_topic_partition_list_copy(partitions));
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = RD_KAFKA_OFFSET_SPEC_LATEST;
  QueuePtr nobody_waits(rd_kafka_queue_new(rk));
  rd_kafka_ListOffsets(rk, list.get(), nullptr, nobody_waits.get());
}

Status pause_partitions(rd_kafka_t* rk, const std::vector<TopicPartition>& partitions, bool pause) {
  ListPtr list = make_list(partitions);
  const char* what = pause ? "pause" : "resume";
  auto code = pause ? rd_kafka_pause_partitions(rk, list.get()) : rd_kafka_resume_partitions(rk, list.get());
  if (auto s = status_of(code, what); !s) return s;
  for (int i = 0; i < list->cnt; ++i)
    if (list->elems[i].err) return fail(list->elems[i].err, std::string(what) + " of " + list->elems[i].topic + "/" + std::to_string(list->elems[i].partition));
  if (!pause) wake_fetchers(rk, list.get());
  return {};
}

ErrorPtr produce_record(rd_kafka_t* rk, const OutgoingRecord& record) {
  std::array<rd_kafka_vu_t, 8> fields;
  size_t n = 0;
  std::string topic(record.topic);
  fields[n].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[n++].u.cstr = topic.c_str();
  fields[n].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[n++].u.i32 = record.partition ? record.partition->value : RD_KAFKA_PARTITION_UA;
  // Not null and empty: any address does.
  auto address = [](std::string_view v, bool null) { return null ? nullptr : const_cast<char*>(v.data() ? v.data() : ""); };
  fields[n].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[n].u.mem.ptr = address(record.value, record.null_value);
  fields[n++].u.mem.size = record.null_value ? 0 : record.value.size();
  fields[n].vtype = RD_KAFKA_VTYPE_KEY;
  fields[n].u.mem.ptr = address(record.key, record.null_key);
  fields[n++].u.mem.size = record.null_key ? 0 : record.key.size();
  fields[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[n++].u.i = RD_KAFKA_MSG_F_COPY;
  if (record.timestamp_ms > 0) {
    fields[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    fields[n++].u.i64 = record.timestamp_ms;
  }
  rd_kafka_headers_t* headers = nullptr;
  if (record.headers && !record.headers->empty()) {
    headers = rd_kafka_headers_new(record.headers->size());
    for (const auto& h : *record.headers)
      rd_kafka_header_add(headers, h.name.data(), static_cast<ssize_t>(h.name.size()), h.null_value ? nullptr : h.value.data(),
                          static_cast<ssize_t>(h.value.size()));
    fields[n].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[n++].u.headers = headers;
  }
  ErrorPtr error(rd_kafka_produceva(rk, fields.data(), n));
  if (error && headers) rd_kafka_headers_destroy(headers);  // it takes them only when it succeeds
  return error;
}

}  // namespace millrace::kafka

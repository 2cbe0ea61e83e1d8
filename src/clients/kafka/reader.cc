#include "clients/kafka/reader.h"

#include "clients/kafka/fetcher.h"

namespace millrace::kafka {

struct Reader::Impl {
  HandlePtr rk;  // destroyed after the queue
  QueuePtr queue;
  Fetcher fetcher;
  std::string group;
  static void on_error(rd_kafka_t*, int code, const char* text, void* self) {
    static_cast<Impl*>(self)->fetcher.errors.push_back(error_of(static_cast<rd_kafka_resp_err_t>(code), "kafka reader", text));
  }
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::create(const ReaderSettings& s) {
  auto conf = make_conf(s.kafka, {{"group.id", s.group.empty() ? "millrace-reader" : s.group},
                                  {"enable.auto.commit", "false"},
                                  {"enable.auto.offset.store", "false"},
                                  {"auto.offset.reset", "error"},
                                  {"enable.partition.eof", "true"},
                                  {"isolation.level", s.isolation == Isolation::kReadCommitted ? "read_committed" : "read_uncommitted"},
                                  {"queued.max.messages.kbytes", std::to_string(std::max<size_t>(1, s.queued_bytes_max / 1024))},
                                  {"fetch.wait.max.ms", std::to_string(s.fetch_wait_max.count())},
                                  {"fetch.queue.backoff.ms", "10"},
                                  {"fetch.error.backoff.ms", "50"},
                                  {"check.crcs", "true"},
                                  {kRecordBatches, "true"}});
  if (!conf) return std::unexpected(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->group = s.group;
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_error_cb(conf->get(), Impl::on_error);
  auto rk = make_handle(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!rk) return std::unexpected(rk.error());
  impl->rk = std::move(*rk);
  rd_kafka_poll_set_consumer(impl->rk.get());
  impl->queue.reset(rd_kafka_queue_get_consumer(impl->rk.get()));
  return Reader(std::move(impl));
}

Status Reader::assign(const std::vector<std::pair<TopicPartition, Offset>>& begins) {
  for (const auto& [p, offset] : begins) impl_->fetcher.topic_index(p.topic);
  ListPtr list = make_list(begins);
  auto assigned = status_of(rd_kafka_assign(impl_->rk.get(), list.get()), "assign");
  if (assigned) wake_fetchers(impl_->rk.get(), list.get());
  return assigned;
}
Status Reader::seek(const std::vector<std::pair<TopicPartition, Offset>>& positions) { return seek_partitions(impl_->rk.get(), positions); }
Status Reader::pause(const std::vector<TopicPartition>& p) { return pause_partitions(impl_->rk.get(), p, true); }
Status Reader::resume(const std::vector<TopicPartition>& p) { return pause_partitions(impl_->rk.get(), p, false); }

void Reader::consume(MessageBatch& batch, size_t records_max, milliseconds timeout) { impl_->fetcher.fill(impl_->queue.get(), batch, records_max, timeout); }

Result<Watermarks> Reader::watermarks(const TopicPartition& partition, milliseconds timeout) { return query_watermarks(impl_->rk.get(), partition, timeout); }

Result<std::vector<std::pair<TopicPartition, Offset>>> Reader::offsets_at(const std::vector<TopicPartition>& partitions, int64_t unix_ms,
                                                                          milliseconds timeout) {
  // The ends first: a record that comes between the two questions must not be passed over.
  std::vector<Offset> ends;
  for (const TopicPartition& partition : partitions) {
    auto marks = watermarks(partition, timeout);
    if (!marks) return std::unexpected(marks.error());
    ends.push_back(marks->high);
  }
  ListPtr list = make_list(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = unix_ms;
  auto code = rd_kafka_offsets_for_times(impl_->rk.get(), list.get(), static_cast<int>(timeout.count()));
  if (code) return fail(code, "offsets by time");
  std::vector<std::pair<TopicPartition, Offset>> out;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& e = list->elems[i];
    if (e.err) return fail(e.err, std::string("offset by time of ") + e.topic);
    const Offset offset = e.offset < 0 ? ends[static_cast<size_t>(i)] : Offset(e.offset);  // RD_KAFKA_OFFSET_END: no record is so young
    out.emplace_back(partition_of(e), offset);
  }
  return out;
}

Result<std::vector<CommittedOffset>> Reader::committed(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  return read_committed(impl_->rk.get(), impl_->group, partitions, timeout);
}

const std::string& Reader::topic_name(uint16_t index) const { return impl_->fetcher.topic_name(index); }

}  // namespace millrace::kafka

#include "clients/kafka/consumer.h"

#include "clients/kafka/fetcher.h"

namespace millrace::kafka {

GroupMetadata::GroupMetadata() = default;
GroupMetadata::~GroupMetadata() {
  if (handle_) rd_kafka_consumer_group_metadata_destroy(static_cast<rd_kafka_consumer_group_metadata_t*>(handle_));
}
GroupMetadata::GroupMetadata(GroupMetadata&& other) noexcept { *this = std::move(other); }
GroupMetadata& GroupMetadata::operator=(GroupMetadata&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(generation_, other.generation_);
  std::swap(member_id_, other.member_id_);
  std::swap(of_no_member_, other.of_no_member_);
  return *this;
}
GroupMetadata GroupMetadata::of_no_member(const std::string& group) {
  GroupMetadata metadata;
  metadata.handle_ = rd_kafka_consumer_group_metadata_new(group.c_str());
  metadata.of_no_member_ = true;
  return metadata;
}

struct Consumer::Impl {
  rd_kafka_t* rk = nullptr;
  QueuePtr queue;
  Fetcher fetcher;
  std::vector<Rebalance> rebalances;
  std::string group;
  bool is_static = false;
  bool closing = false;     // close() was called
  bool destroying = false;  // nobody answers rebalances any more

  // Called in consume(), on the consumer's thread.
  static void on_rebalance(rd_kafka_t* rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    if (impl.destroying) {
      ErrorPtr answered(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? rd_kafka_incremental_assign(rk, list) : rd_kafka_incremental_unassign(rk, list));
      return;
    }
    RebalanceKind kind = RebalanceKind::kAssigned;
    if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
      kind = rd_kafka_assignment_lost(rk) ? RebalanceKind::kLost : RebalanceKind::kRevoked;
    else if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      impl.fetcher.errors.push_back(error_of(code, "rebalance"));
      kind = RebalanceKind::kLost;
    }
    impl.rebalances.push_back({kind, partitions_of(list)});
    rd_kafka_queue_yield(impl.queue.get());
  }
  static void on_error(rd_kafka_t* rk, int code, const char* text, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    auto err = static_cast<rd_kafka_resp_err_t>(code);
    if (err == RD_KAFKA_RESP_ERR__FATAL) {
      char why[512];
      err = rd_kafka_fatal_error(rk, why, sizeof why);
      impl.fetcher.errors.push_back(error_of(err, "kafka consumer", why));
    } else {
      impl.fetcher.errors.push_back(error_of(err, "kafka consumer", text));
    }
  }

  ~Impl() {
    if (!rk) return;
    destroying = true;
    rd_kafka_queue_t* raw = queue.release();
    if (!is_static && !rd_kafka_consumer_closed(rk)) {
      for (const auto& r : rebalances) {  // nobody will answer these any more
        ListPtr list = make_list(r.partitions);
        ErrorPtr answered(r.kind == RebalanceKind::kAssigned ? rd_kafka_incremental_assign(rk, list.get()) : rd_kafka_incremental_unassign(rk, list.get()));
      }
      if (!closing) rd_kafka_consumer_close(rk);
    }
    if (raw) rd_kafka_queue_destroy(raw);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;
Consumer::~Consumer() = default;

Result<Consumer> Consumer::create(const ConsumerSettings& s) {
  std::map<std::string, std::string> ours{
      {"group.id", s.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"session.timeout.ms", std::to_string(s.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(s.heartbeat_interval.count())},
      {"max.poll.interval.ms", std::to_string(s.poll_interval_max.count())},
      {"queued.max.messages.kbytes", std::to_string(std::max<size_t>(1, s.queued_bytes_max / 1024))},
      {"queued.min.messages", std::to_string(s.queued_batches_max)},
      {"fetch.max.bytes", std::to_string(s.fetch_bytes_max)},
      {"max.partition.fetch.bytes", std::to_string(std::min<size_t>(s.fetch_bytes_max, 1u << 20))},
      {"message.max.bytes", "1000000"},
      {"fetch.min.bytes", std::to_string(s.fetch_bytes_min)},
      {"fetch.wait.max.ms", std::to_string(s.fetch_wait_max.count())},
      {"fetch.queue.backoff.ms", "10"},
      {"fetch.error.backoff.ms", "50"},
      {"check.crcs", "true"},
      {kRecordBatches, "true"},
      {"topic.metadata.refresh.interval.ms", "30000"},
  };
  if (!s.instance_id.empty()) ours["group.instance.id"] = s.instance_id;
  auto conf = make_conf(s.kafka, ours);
  if (!conf) return std::unexpected(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->group = s.group;
  impl->is_static = !s.instance_id.empty();
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_rebalance_cb(conf->get(), Impl::on_rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), Impl::on_error);
  auto rk = make_handle(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!rk) return std::unexpected(rk.error());
  impl->rk = rk->release();
  rd_kafka_poll_set_consumer(impl->rk);
  impl->queue.reset(rd_kafka_queue_get_consumer(impl->rk));
  return Consumer(std::move(impl));
}

Status Consumer::subscribe(const std::vector<std::string>& topics) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const auto& t : topics) {
    impl_->fetcher.topic_index(t);
    rd_kafka_topic_partition_list_add(list.get(), t.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return status_of(rd_kafka_subscribe(impl_->rk, list.get()), "subscribe");
}

void Consumer::close() {
  if (impl_->closing) return;
  impl_->closing = true;
  ErrorPtr error(rd_kafka_consumer_close_queue(impl_->rk, impl_->queue.get()));
  if (error) impl_->fetcher.errors.push_back(error_of(rd_kafka_error_code(error.get()), "closing the consumer"));
}

bool Consumer::closed() const { return rd_kafka_consumer_closed(impl_->rk) != 0; }

void Consumer::consume(MessageBatch& batch, size_t records_max, milliseconds timeout) { impl_->fetcher.fill(impl_->queue.get(), batch, records_max, timeout); }

std::vector<Rebalance> Consumer::take_rebalances() { return std::exchange(impl_->rebalances, {}); }

Status Consumer::assign(const std::vector<AssignedPartition>& partitions) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& p : partitions)
    rd_kafka_topic_partition_list_add(list.get(), p.partition.topic.c_str(), p.partition.partition.value)->offset =
        p.begin ? p.begin->value : RD_KAFKA_OFFSET_STORED;
  auto assigned = status_of(ErrorPtr(rd_kafka_incremental_assign(impl_->rk, list.get())), "assign");
  if (assigned) wake_fetchers(impl_->rk, list.get());
  return assigned;
}

Status Consumer::unassign(const std::vector<TopicPartition>& partitions) {
  ListPtr list = make_list(partitions);
  return status_of(ErrorPtr(rd_kafka_incremental_unassign(impl_->rk, list.get())), "unassign");
}

Status Consumer::pause(const std::vector<TopicPartition>& partitions) { return pause_partitions(impl_->rk, partitions, true); }
Status Consumer::resume(const std::vector<TopicPartition>& partitions) { return pause_partitions(impl_->rk, partitions, false); }
Status Consumer::seek(const std::vector<std::pair<TopicPartition, Offset>>& positions) { return seek_partitions(impl_->rk, positions); }

std::vector<TopicPartition> Consumer::assignment() const {
  rd_kafka_topic_partition_list_t* raw = nullptr;
  if (rd_kafka_assignment(impl_->rk, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  ListPtr list(raw);
  return partitions_of(list.get());
}

Result<std::vector<CommittedOffset>> Consumer::committed(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  return read_committed(impl_->rk, impl_->group, partitions, timeout);
}

Result<Watermarks> Consumer::watermarks(const TopicPartition& partition, milliseconds timeout) { return query_watermarks(impl_->rk, partition, timeout); }

std::optional<Watermarks> Consumer::cached_watermarks(const TopicPartition& p) const {
  Watermarks w;
  if (rd_kafka_get_watermark_offsets(impl_->rk, p.topic.c_str(), p.partition.value, &w.low.value, &w.high.value) || w.high.value < 0) return std::nullopt;
  return w;
}

Result<GroupMetadata> Consumer::group_metadata() const {
  auto* raw = rd_kafka_consumer_group_metadata(impl_->rk);
  if (!raw) return permanent("group metadata: not a member of a group");
  GroupMetadata m;
  m.handle_ = raw;
  m.generation_ = rd_kafka_consumer_group_metadata_generation_id(raw);
  if (const char* id = rd_kafka_consumer_group_metadata_member_id(raw)) m.member_id_ = id;
  return m;
}

const std::string& Consumer::topic_name(uint16_t index) const { return impl_->fetcher.topic_name(index); }
uint16_t Consumer::topic_index(const std::string& name) { return impl_->fetcher.topic_index(name); }

std::optional<Error> Consumer::fatal_error() const {
  char text[512];
  auto code = rd_kafka_fatal_error(impl_->rk, text, sizeof text);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  Error e = error_of(code, "kafka consumer", text);
  e.retry = Retry::kPermanent;
  return e;
}

}  // namespace millrace::kafka

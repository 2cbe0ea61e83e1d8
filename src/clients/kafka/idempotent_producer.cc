#include "clients/kafka/idempotent_producer.h"

#include <atomic>

#include "clients/kafka/handle.h"

namespace millrace::kafka {

struct IdempotentProducer::Impl {
  HandlePtr rk;
  OnFailure on_failure;
  std::atomic<uint64_t> queued{0}, failed{0};

  // Only for failures (delivery.report.only.error): a success costs no event.
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
    if (!m->err) return;
    auto& impl = *static_cast<Impl*>(self);
    impl.failed.fetch_add(1, std::memory_order_relaxed);
    if (impl.on_failure) impl.on_failure({rd_kafka_topic_name(m->rkt), PartitionId(m->partition)}, error_of(m->err, "delivery", rd_kafka_message_errstr(m)));
  }
};

IdempotentProducer::IdempotentProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IdempotentProducer::IdempotentProducer(IdempotentProducer&&) noexcept = default;
IdempotentProducer& IdempotentProducer::operator=(IdempotentProducer&&) noexcept = default;
IdempotentProducer::~IdempotentProducer() {
  if (!impl_ || !impl_->rk) return;
  impl_->on_failure = {};
  rd_kafka_purge(impl_->rk.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

Result<IdempotentProducer> IdempotentProducer::create(const IdempotentSettings& s, OnFailure on_failure) {
  auto conf = make_conf(s.kafka, {{"enable.idempotence", "true"},
                                  {"linger.ms", std::to_string(s.linger.count())},
                                  {"batch.size", std::to_string(s.batch_bytes_max)},
                                  {"batch.num.messages", "100000"},
                                  {"queue.buffering.max.messages", std::to_string(s.queue_records_max)},
                                  {"queue.buffering.max.kbytes", std::to_string(std::max<size_t>(1, s.queue_bytes_max / 1024))},
                                  {"compression.type", s.compression},
                                  {"partitioner", "murmur2_random"},
                                  {"delivery.report.only.error", "true"}});
  if (!conf) return std::unexpected(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->on_failure = std::move(on_failure);
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), Impl::on_delivery);
  auto rk = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!rk) return std::unexpected(rk.error());
  impl->rk = std::move(*rk);
  return IdempotentProducer(std::move(impl));
}

Status IdempotentProducer::produce(const OutgoingRecord& record, milliseconds timeout) {
  auto until = std::chrono::steady_clock::time_point{};
  for (;;) {
    ErrorPtr error = produce_record(impl_->rk.get(), record);
    if (!error) {
      impl_->queued.fetch_add(1, std::memory_order_relaxed);
      return {};
    }
    auto now = std::chrono::steady_clock::now();
    if (until == std::chrono::steady_clock::time_point{}) until = now + timeout;
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL || now >= until)
      return status_of(std::move(error), "producing to " + std::string(record.topic));
    rd_kafka_poll(impl_->rk.get(), 1);
  }
}

void IdempotentProducer::poll(milliseconds timeout) { rd_kafka_poll(impl_->rk.get(), static_cast<int>(timeout.count())); }

Status IdempotentProducer::flush(milliseconds timeout) { return status_of(rd_kafka_flush(impl_->rk.get(), static_cast<int>(timeout.count())), "flush"); }

uint64_t IdempotentProducer::failed() const { return impl_->failed.load(std::memory_order_relaxed); }
size_t IdempotentProducer::in_flight() const { return static_cast<size_t>(rd_kafka_outq_len(impl_->rk.get())); }
uint64_t IdempotentProducer::delivered() const {
  // in_flight first: what is queued in between must not be taken for delivered.
  uint64_t open = in_flight(), gone = failed() + open;
  uint64_t queued = impl_->queued.load(std::memory_order_relaxed);
  return queued > gone ? queued - gone : 0;
}

}  // namespace millrace::kafka

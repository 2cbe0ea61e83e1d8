#include "tools/loadgen/transactional_services.h"

#include <thread>

#include "base/log.h"

namespace millrace::loadgen {

using namespace std::chrono_literals;

Status TransactionalServices::run() {
  for (uint64_t round = 0; settings_.transactional_services > 0; ++round) {
    for (uint64_t i = 0; i < settings_.transactional_services; ++i) {
      const uint64_t number = round * settings_.services + i;
      if (number >= settings_.events || !schedule_.wait(stream_.pace().due_ms(number), [&] { finish_old(); })) {
        for (auto& [id, service] : services_)
          if (!service.open.empty()) finish(service);
        return {};
      }
      Service& service = services_[i];
      service.number = i;
      if (auto sent = send(service, number); !sent) return sent;
      if (service.open.size() >= kRecords) finish(service);
    }
    finish_old();
  }
  return {};
}

Status TransactionalServices::start(Service& service) {
  kafka::TransactionalSettings of;
  of.kafka = settings_.kafka;
  of.transactional_id = settings_.name + "-" + std::to_string(service.number);
  of.kafka.client_id = of.transactional_id;
  for (;;) {
    auto made = kafka::TransactionalProducer::create(of);
    if (!made) return std::unexpected(made.error());
    service.producer = std::make_unique<kafka::TransactionalProducer>(std::move(*made));
    const auto ready = service.producer->init(10s);
    if (ready || schedule_.stopped()) return {};
    log::warn("{}: init: {}", of.transactional_id, ready.error().message);
    std::this_thread::sleep_for(300ms);
  }
}

Status TransactionalServices::send(Service& service, uint64_t number) {
  if (!service.producer)
    if (auto started = start(service); !started) return started;
  if (service.open.empty()) {
    if (const auto begun = service.producer->begin(); !begun) {
      log::warn("begin: {}", begun.error().message);
      service.producer.reset();
      return {};  // this event isn't sent, and isn't counted
    }
    service.opened = std::chrono::steady_clock::now();
  }
  stream_.make(number, event_);
  if (const auto sent = service.producer->produce(outgoing(stream_, settings_, event_, number)); !sent) {
    ++tally_.failed;
    finish(service);
    return {};
  }
  service.open.emplace_back(event_.topic, event_.defect);
  service.bytes += event_.key.size() + event_.value.size();
  return {};
}

void TransactionalServices::finish(Service& service) {
  if (service.open.empty()) return;
  Random random(stream_.settings().seed ^ 0x7478u, service.number * 1'000'003 + service.transactions++);
  const bool abort = random.chance(settings_.abort_share);
  // The point of these is that the log holds them; and after what an abort throws away librdkafka's next sequence number is one that the broker refuses.
  if (abort) service.producer->flush(10s);
  const auto done = abort ? service.producer->abort(10s) : service.producer->commit(10s);
  bool aborted = abort;
  if (!done && done.error().failure == kafka::TransactionFailure::kAbortable) aborted = service.producer->abort(10s).has_value();
  if (!done && !aborted) {
    log::warn("a transaction's outcome is unknown: {}", done.error().message);
    tally_.unknown += service.open.size();
    service.producer.reset();
  } else {
    for (const auto& [topic, defect] : service.open) {
      if (aborted)
        ++tally_.by_topic[topic].aborted;
      else
        ++tally_.by_topic[topic].sent[static_cast<size_t>(defect)];
    }
    if (!aborted) tally_.by_topic[service.open[0].first].bytes += service.bytes;
  }
  service.open.clear();
  service.bytes = 0;
}

void TransactionalServices::finish_old() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& [id, service] : services_)
    if (!service.open.empty() && now - service.opened > kOpen) finish(service);
}

}  // namespace millrace::loadgen

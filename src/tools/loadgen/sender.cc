#include "tools/loadgen/sender.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "clients/kafka/idempotent_producer.h"
#include "tools/loadgen/transactional_services.h"

namespace millrace::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr auto kNapLeast = 2ms;  // events go in small groups: a thread that woke for each would take more of the machine than the events do

// One thread's services, without transactions.
class PlainServices {
 public:
  PlainServices(const Stream& stream, const SenderSettings& settings, Tally& tally, uint64_t thread, const Schedule& schedule)
      : stream_(stream), settings_(settings), tally_(tally), schedule_(schedule) {
    for (uint64_t service = settings.transactional_services; service < settings.services; ++service)
      if (service % settings.producers % settings.threads == thread) services_.push_back(service);
  }

  Status run() {
    for (uint64_t round = 0;; ++round) {
      for (const uint64_t service : services_) {
        const uint64_t number = round * settings_.services + service;
        if (number >= settings_.events || !schedule_.wait(stream_.pace().due_ms(number), [&] { serve(); })) return flush();
        if (auto sent = send(service, number); !sent) return sent;
      }
      if (services_.empty()) return {};
      if (round % 64 == 0) serve();
    }
  }

 private:
  Status send(uint64_t service, uint64_t number) {
    auto& producer = producers_[service % settings_.producers];
    if (!producer) {
      kafka::IdempotentSettings of;
      of.kafka = settings_.kafka;
      of.linger = std::chrono::milliseconds(settings_.linger_ms);
      of.kafka.client_id = settings_.name + "-" + std::to_string(service % settings_.producers);
      auto made = kafka::IdempotentProducer::create(of, [this](const TopicPartition& where, const Error& error) {
        if (tally_.failed++ == 0) log::error("{}: not delivered: {}", where.topic, error.message);
      });
      if (!made) return std::unexpected(made.error());
      producer = std::make_unique<kafka::IdempotentProducer>(std::move(*made));
    }
    stream_.make(number, event_);
    const auto record = outgoing(stream_, settings_, event_, number);
    // A full queue is the broker's backpressure: wait as long as it takes.
    for (;;) {
      auto queued = producer->produce(record, 1000ms);
      if (queued) break;
      if (queued.error().retry == Retry::kPermanent) return queued;
      if (schedule_.stopped()) return {};
    }
    auto& topic = tally_.by_topic[event_.topic];
    topic.sent[static_cast<size_t>(event_.defect)].fetch_add(1, std::memory_order_relaxed);
    topic.bytes.fetch_add(event_.value.size() + event_.key.size(), std::memory_order_relaxed);
    return {};
  }

  void serve() {
    uint64_t in_flight = 0;
    for (auto& [id, producer] : producers_) {
      producer->poll();
      in_flight += producer->in_flight();
    }
    tally_.in_flight += in_flight - in_flight_;
    in_flight_ = in_flight;
  }

  Status flush() {
    Status all;
    for (auto& [id, producer] : producers_)
      if (auto flushed = producer->flush(30s); !flushed) all = flushed;
    serve();
    return all;
  }

  const Stream& stream_;
  const SenderSettings& settings_;
  Tally& tally_;
  const Schedule& schedule_;
  std::vector<uint64_t> services_;
  std::map<uint64_t, std::unique_ptr<kafka::IdempotentProducer>> producers_;
  uint64_t in_flight_ = 0;
  Event event_;
};

}  // namespace

bool Schedule::wait(double due_ms, const std::function<void()>& meanwhile) const {
  for (;;) {
    if (stopped() || due_ms >= seconds_ * 1000) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now - started_ >= std::chrono::duration<double>(seconds_)) return false;
    if (unlimited_) return true;
    const auto left = std::chrono::duration<double, std::milli>(due_ms) - (now - started_);
    if (left.count() <= 0) return true;
    meanwhile();
    std::this_thread::sleep_for(std::clamp<std::chrono::duration<double, std::milli>>(left, kNapLeast, 20ms));
  }
}

kafka::OutgoingRecord outgoing(const Stream& stream, const SenderSettings& settings, const Event& event, uint64_t number) {
  kafka::OutgoingRecord record;
  record.topic = stream.settings().topics[event.topic].name;
  record.key = event.key;
  record.value = event.value;
  record.null_value = event.defect == Defect::kTombstone;
  if (settings.spread_partitions > 0) record.partition = PartitionId(static_cast<int32_t>(number % static_cast<uint64_t>(settings.spread_partitions)));
  return record;
}

Status send(const Stream& stream, const SenderSettings& given, Tally& tally, const std::atomic<bool>& stop) {
  SenderSettings settings = given;
  settings.services = std::max<uint64_t>(1, settings.services);
  settings.producers = std::clamp<uint64_t>(settings.producers, 1, settings.services);
  settings.threads = std::clamp<uint64_t>(settings.threads, 1, settings.producers);
  settings.transactional_services = std::min(settings.transactional_services, settings.services);

  std::atomic<bool> failed{false};
  const Schedule schedule(settings.seconds, stream.pace().unlimited(), stop, failed);
  std::vector<Status> results(settings.threads + 1);
  std::vector<std::jthread> threads;
  for (uint64_t i = 0; i <= settings.threads; ++i) {
    threads.emplace_back([&, i] {
      results[i] =
          i < settings.threads ? PlainServices(stream, settings, tally, i, schedule).run() : TransactionalServices(stream, settings, tally, schedule).run();
      if (!results[i]) failed = true;
    });
  }
  threads.clear();
  for (auto& result : results)
    if (!result) return result;
  return {};
}

}  // namespace millrace::loadgen

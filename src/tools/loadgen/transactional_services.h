#pragma once
// The services that send in transactions, some of which they abort; all of them on one thread. And what all services share.

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "clients/kafka/transactional_producer.h"
#include "tools/loadgen/sender.h"

namespace millrace::loadgen {

class Schedule {
 public:
  Schedule(double seconds, bool unlimited, const std::atomic<bool>& stop, const std::atomic<bool>& failed)
      : seconds_(seconds), unlimited_(unlimited), stop_(stop), failed_(failed), started_(std::chrono::steady_clock::now()) {}
  // Until an event is due; calls `meanwhile` every 20 ms at least while waiting. False: no more events.
  bool wait(double due_ms, const std::function<void()>& meanwhile) const;
  bool stopped() const { return stop_ || failed_; }

 private:
  double seconds_;
  bool unlimited_;
  const std::atomic<bool>&stop_, &failed_;
  std::chrono::steady_clock::time_point started_;
};

kafka::OutgoingRecord outgoing(const Stream& stream, const SenderSettings& settings, const Event& event, uint64_t number);

class TransactionalServices {
 public:
  TransactionalServices(const Stream& stream, const SenderSettings& settings, Tally& tally, const Schedule& schedule)
      : stream_(stream), settings_(settings), tally_(tally), schedule_(schedule) {}
  Status run();

 private:
  struct Service {
    std::unique_ptr<kafka::TransactionalProducer> producer;
    uint64_t number = 0, transactions = 0;
    std::vector<std::pair<size_t, Defect>> open;  // topic and kind of what is in the open transaction
    uint64_t bytes = 0;
    std::chrono::steady_clock::time_point opened;
  };
  static constexpr size_t kRecords = 50;  // in a transaction, at most
  static constexpr std::chrono::milliseconds kOpen{500};

  Status start(Service& service);
  Status send(Service& service, uint64_t number);
  void finish(Service& service);
  void finish_old();

  const Stream& stream_;
  const SenderSettings& settings_;
  Tally& tally_;
  const Schedule& schedule_;
  std::map<uint64_t, Service> services_;
  Event event_;
};

}  // namespace millrace::loadgen

#pragma once
// The services that send the stream: each has its share of the events (number n belongs to service n mod services), keyed, through
// an idempotent producer, a few of them in transactions, of which some abort.

#include <atomic>
#include <cstdint>
#include <limits>

#include "base/result.h"
#include "clients/kafka/types.h"
#include "tools/loadgen/stream.h"
#include "tools/loadgen/tally.h"

namespace millrace::loadgen {

struct SenderSettings {
  kafka::KafkaProperties kafka;
  std::string name = "loadgen";  // client ids and transactional ids begin with it
  uint64_t services = 24;
  uint64_t producers = 24;  // services share producers when there are fewer
  int64_t linger_ms = 20;   // how long a producer collects a batch
  uint64_t threads = 2;
  uint64_t events = std::numeric_limits<uint64_t>::max();
  double seconds = std::numeric_limits<double>::infinity();
  uint64_t transactional_services = 0;
  double abort_share = 0;  // of their transactions
  // Round robin over so many partitions instead of by key (0): for benchmarks.
  int32_t spread_partitions = 0;
};

// Blocks until all events are sent and acknowledged, the time is over, or `stop`; what was sent by then is flushed.
// Runs `threads` threads, and one more for the transactional services. Failures of records are in the tally; the error is that
// of a producer that could not be made.
Status send(const Stream& stream, const SenderSettings& settings, Tally& tally, const std::atomic<bool>& stop);

}  // namespace millrace::loadgen

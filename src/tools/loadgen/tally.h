#pragma once
// What was sent, by topic and kind. Written by the sending threads, read by the one that reports.

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "clients/metrics/registry.h"
#include "tools/loadgen/stream.h"

namespace millrace::loadgen {

struct TopicTally {
  std::array<std::atomic<uint64_t>, kDefects> sent{};  // of these, some may fail: see failed
  std::atomic<uint64_t> bytes{0}, aborted{0};          // aborted: in the log, but in a transaction that was aborted
};

struct Tally {
  explicit Tally(size_t topics) : by_topic(topics) {}
  std::vector<TopicTally> by_topic;
  std::atomic<uint64_t> failed{0};   // the broker did not take them
  std::atomic<uint64_t> unknown{0};  // in a transaction whose outcome nobody knows
  std::atomic<uint64_t> in_flight{0};

  uint64_t sent() const;
  uint64_t bad() const;
  uint64_t aborted() const;
  uint64_t bytes() const;
};

std::string summary_text(const Tally& tally, const StreamSettings& stream, double seconds);
std::string summary_json(const Tally& tally, const StreamSettings& stream, double seconds);

// Carries the tally over to the metrics of the process; once a second, one thread.
class TallyMetrics {
 public:
  TallyMetrics(metrics::Registry& registry, const StreamSettings& stream);
  void update(const Tally& tally);

 private:
  struct Topic {
    std::array<metrics::Counter, kDefects> sent;
    std::array<uint64_t, kDefects> seen{};
    metrics::Counter aborted;
    uint64_t aborted_seen = 0;
  };
  std::vector<Topic> topics_;
  metrics::Counter failed_;
  uint64_t failed_seen_ = 0;
  metrics::Gauge in_flight_;
};

}  // namespace millrace::loadgen

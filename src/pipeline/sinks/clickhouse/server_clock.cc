#include "pipeline/sinks/clickhouse/server_clock.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {
constexpr milliseconds kAskEvery{5000}, kAskAgain{500};
constexpr milliseconds kRoundTripMax{500};  // a slower answer says too little
constexpr milliseconds kKnownFor{60'000};   // clocks drift by a few milliseconds in that time

// A server, and what it last said.
struct TimeTeller {
  size_t shard, index;
  clickhouse::Client client;
  std::optional<milliseconds> ours_minus_its{};
  Clock::time_point known_at{};

  bool known() const { return ours_minus_its && Clock::now() - known_at <= kKnownFor; }
};
}  // namespace

struct ServerClock::Impl {
  Impl(const ClickHouseShards& s, metrics::Registry& metrics) : shards(s), skew(metrics.gauge("millrace_clock_skew_seconds")) {
    for (size_t shard = 0; shard < shards.size(); ++shard)
      for (size_t i = 0; i < shards[shard]->size(); ++i) {
        clickhouse::Endpoint endpoint = shards[shard]->endpoint(i);
        endpoint.query_timeout = milliseconds(3000);
        tellers.push_back({shard, i, clickhouse::Client(std::move(endpoint))});
      }
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    {
      std::lock_guard lock(mutex);
      closing = true;
    }
    changed.notify_all();
    thread.join();
  }

  const ClickHouseShards shards;
  metrics::Gauge skew;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<TimeTeller> tellers;  // their clients belong to the thread
  std::string trouble = "the ClickHouse server hasn't told its time yet";
  bool closing = false;
  std::thread thread;

  // An answer, or why there is none.
  std::optional<milliseconds> ask(TimeTeller& teller, std::string& why) const {
    const auto begin = Clock::now();
    const auto wall = std::chrono::system_clock::now();
    const auto server = teller.client.server_time();
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    const auto& group = shards[teller.shard];
    if (!server) return group->unheard(teller.index), why = server.error().message, std::nullopt;
    group->heard(teller.index);
    if (took > kRoundTripMax) return why = group->url(teller.index) + " took " + std::to_string(took.count()) + " ms to tell its time", std::nullopt;
    return std::chrono::duration_cast<milliseconds>(wall + took / 2 - *server);
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!closing) {
      milliseconds largest{0};
      for (TimeTeller& teller : tellers) {
        lock.unlock();
        std::string why;
        const auto answer = ask(teller, why);
        lock.lock();
        if (closing) return;
        if (!answer) {
          trouble = why;
          continue;
        }
        teller.ours_minus_its = answer;
        teller.known_at = Clock::now();
        if (std::abs(answer->count()) >= std::abs(largest.count())) largest = *answer;
      }
      skew.set(static_cast<double>(largest.count()) / 1000);
      changed.wait_for(lock, every_shard_known() ? kAskEvery : kAskAgain, [&] { return closing; });
    }
  }

  bool every_shard_known() const {
    std::vector<bool> known(shards.size());
    for (const TimeTeller& teller : tellers)
      if (teller.known()) known[teller.shard] = true;
    return std::ranges::find(known, false) == known.end();
  }
};

ServerClock::ServerClock(const ClickHouseShards& shards, metrics::Registry& metrics) : impl_(std::make_unique<Impl>(shards, metrics)) {}
ServerClock::~ServerClock() = default;

std::string ServerClock::obstacle() const {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->every_shard_known()) return impl_->trouble;
  for (const TimeTeller& teller : impl_->tellers) {
    if (!teller.known() || (*teller.ours_minus_its <= kDifferenceMax && *teller.ours_minus_its >= -kDifferenceMax)) continue;
    return "this machine's clock is " + std::to_string(teller.ours_minus_its->count()) + " ms ahead of the ClickHouse server's at " +
           impl_->shards[teller.shard]->url(teller.index) + ", at most " + std::to_string(kDifferenceMax.count()) +
           " either way are allowed: mend the clocks (NTP)";
  }
  return "";
}

}  // namespace millrace::pipeline

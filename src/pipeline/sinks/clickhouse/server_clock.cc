#include "pipeline/sinks/clickhouse/server_clock.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {
constexpr milliseconds kAskEvery{5000}, kAskAgain{500};
constexpr milliseconds kRoundTripMax{500};  // a slower answer says too little
constexpr milliseconds kKnownFor{60'000};   // clocks drift by a few milliseconds in that time
}  // namespace

struct ServerClock::Impl {
  Impl(clickhouse::Endpoint endpoint, metrics::Registry& metrics)
      : client(std::move(endpoint)), skew(metrics.gauge("millrace_clock_skew_seconds")), thread([this] { run(); }) {}
  ~Impl() {
    {
      std::lock_guard lock(mutex);
      closing = true;
    }
    changed.notify_all();
    thread.join();
  }

  clickhouse::Client client;
  metrics::Gauge skew;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::optional<milliseconds> ours_minus_server;
  Clock::time_point known_at{};
  std::string trouble = "the ClickHouse server hasn't told its time yet";
  bool closing = false;
  std::thread thread;  // last: it uses the others

  // An answer, or why there is none.
  std::optional<milliseconds> ask(std::string& why) {
    const auto begin = Clock::now();
    const auto wall = std::chrono::system_clock::now();
    const auto server = client.server_time();
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    if (!server) return why = server.error().message, std::nullopt;
    if (took > kRoundTripMax) return why = "the ClickHouse server took " + std::to_string(took.count()) + " ms to tell its time", std::nullopt;
    return std::chrono::duration_cast<milliseconds>(wall + took / 2 - *server);
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!closing) {
      lock.unlock();
      std::string why;
      const auto answer = ask(why);
      lock.lock();
      if (answer) {
        ours_minus_server = answer;
        known_at = Clock::now();
        skew.set(static_cast<double>(answer->count()) / 1000);
      } else {
        trouble = why;
      }
      changed.wait_for(lock, answer ? kAskEvery : kAskAgain, [&] { return closing; });
    }
  }
};

ServerClock::ServerClock(clickhouse::Endpoint endpoint, metrics::Registry& metrics) {
  endpoint.query_timeout = milliseconds(3000);
  impl_ = std::make_unique<Impl>(std::move(endpoint), metrics);
}
ServerClock::~ServerClock() = default;

std::string ServerClock::obstacle() const {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->ours_minus_server || Clock::now() - impl_->known_at > kKnownFor) return impl_->trouble;
  const milliseconds difference = *impl_->ours_minus_server;
  if (difference <= kDifferenceMax && difference >= -kDifferenceMax) return "";
  return "this machine's clock is " + std::to_string(difference.count()) + " ms ahead of the ClickHouse server's, at most " +
         std::to_string(kDifferenceMax.count()) + " either way are allowed: mend the clocks (NTP)";
}

}  // namespace millrace::pipeline

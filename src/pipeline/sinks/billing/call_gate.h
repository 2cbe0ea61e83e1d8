#pragma once
// Who may call a server that is down: one at a time, ever less often, however many wait.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>

namespace millrace::pipeline {

// Thread-safe; shared by all sinks of a process that call one server.
class CallGate {
 public:
  struct Backoff {
    std::chrono::milliseconds first{100}, most{10'000};  // doubles; each wait is a random half to the whole of it
  };
  enum class Ticket { kCall, kProbe };

  explicit CallGate(Backoff backoff);
  // Blocks until the caller may call: at once while the server answers; otherwise one at a time, after the backoff. Nothing: `stop` is true;
  // it is asked again after every wake().
  std::optional<Ticket> enter(const std::function<bool()>& stop);
  // After each ticket: whether the server answered. The first success lets everybody in.
  void leave(Ticket ticket, bool answered);
  void wake();

 private:
  const Backoff backoff_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::minstd_rand random_;
  bool down_ = false, probing_ = false;
  uint32_t failures_ = 0;  // of probes, in a row
  std::chrono::steady_clock::time_point next_probe_;
};

}  // namespace millrace::pipeline

#include "pipeline/sinks/billing/call_gate.h"

#include <algorithm>

namespace millrace::pipeline {

CallGate::CallGate(Backoff backoff) : backoff_(backoff), random_(std::random_device()()) {}

std::optional<CallGate::Ticket> CallGate::enter(const std::function<bool()>& stop) {
  std::unique_lock lock(mutex_);
  while (!stop()) {
    if (!down_) return Ticket::kCall;
    if (probing_) {
      changed_.wait(lock);
    } else if (std::chrono::steady_clock::now() >= next_probe_) {
      probing_ = true;
      return Ticket::kProbe;
    } else {
      changed_.wait_until(lock, next_probe_);
    }
  }
  return std::nullopt;
}

void CallGate::leave(Ticket ticket, bool answered) {
  {
    std::lock_guard lock(mutex_);
    if (ticket == Ticket::kProbe) probing_ = false;
    if (answered) {
      down_ = false;
      failures_ = 0;
    } else if (ticket == Ticket::kProbe || !down_) {  // of the calls that were under way when it went down, one counts
      down_ = true;
      const auto whole = std::min(backoff_.most, backoff_.first * (int64_t{1} << std::min(failures_++, 20U)));
      next_probe_ =
          std::chrono::steady_clock::now() + whole / 2 + std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(0, whole.count() / 2)(random_));
    }
  }
  changed_.notify_all();
}

void CallGate::wake() {
  // Taken, so that nobody is between its question to `stop` and its wait.
  {
    std::lock_guard lock(mutex_);
  }
  changed_.notify_all();
}

}  // namespace millrace::pipeline

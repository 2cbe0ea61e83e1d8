#pragma once
// How large an epoch may be for the sinks as they are now. Rows that don't reach ClickHouse within their term (10 s) are refused and sent
// again, so a plan that is too large for a slow sink would never land. Pure.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace millrace::pipeline {

// Begins small, doubles while writing is quick, and shrinks in proportion when an epoch took longer than the goal. The goal is so far below a
// term that a sink which becomes six times slower from one epoch to the next still takes the plan that is under way.
class EpochPace {
 public:
  static constexpr std::chrono::milliseconds kGoal{1'500};
  static constexpr size_t kLeast = size_t{512} << 10;

  explicit EpochPace(size_t bytes_max) : bytes_max_(bytes_max), allowed_(std::min(bytes_max, 2 * kLeast)) {}

  // Of the records' keys and values in one epoch.
  size_t bytes_allowed() const { return allowed_; }

  // An epoch of so many bytes was durable after `took`, retries and waiting for the next term included.
  void written(size_t bytes, std::chrono::milliseconds took) {
    if (took > kGoal)
      allowed_ = std::max(std::min(bytes_max_, kLeast),
                          static_cast<size_t>(static_cast<double>(std::min(bytes, allowed_)) * kGoal.count() / static_cast<double>(took.count())));
    else if (took < kGoal / 2 && bytes >= allowed_ / 2)
      allowed_ = std::min(bytes_max_, allowed_ * 2);
  }

 private:
  size_t bytes_max_, allowed_;
};

}  // namespace millrace::pipeline

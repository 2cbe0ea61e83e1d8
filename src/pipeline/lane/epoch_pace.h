#pragma once
// How large an epoch may be, and how long it is collected, for the sinks as they are now. Pure.
//
// Large: rows that don't reach ClickHouse within their term (10 s) are refused and sent again, so a plan that is too large for a slow sink
// would never land. Long: an epoch is an insert for each table, and an insert is a part; a server that has too many of them refuses more.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace millrace::pipeline {

// Begins small, doubles while writing is quick, and shrinks in proportion when an epoch took longer than the goal. The goal is so far below a
// term that a sink which becomes six times slower from one epoch to the next still takes the plan that is under way.
//
// Epochs that met a crowd of parts double the stretch of those to come; after each ten without one it is halved.
//
// A lane that is behind (more waits in the log than an epoch takes) is late already, and what an epoch costs besides its rows, two
// transactions and a part for each table, is what keeps it behind: then an epoch is as large as may be, and collected for at least twice as
// long as the last one took to write, so that half of a busy sink's time is its own.
class EpochPace {
 public:
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds kGoal{1'500};
  static constexpr size_t kLeast = size_t{512} << 10;
  static constexpr int kStretchMost = 64;
  static constexpr milliseconds kLingerMost{8'000};  // below what a lane that stands still says so after
  static constexpr int kCalmEpochs = 10;

  explicit EpochPace(size_t bytes_max) : bytes_max_(bytes_max), allowed_(std::min(bytes_max, 2 * kLeast)) {}
  // For sinks that know no term: always all that may be.
  static EpochPace even(size_t bytes_max) {
    EpochPace pace(bytes_max);
    pace.allowed_ = bytes_max, pace.even_ = true;
    return pace;
  }

  // Of the records' keys and values in one epoch.
  size_t bytes_allowed() const { return allowed_; }

  // How many times longer than usual epochs are.
  int stretch() const { return stretch_; }
  milliseconds linger(milliseconds usual, bool behind) const {
    return std::max(usual, std::min(std::max(usual * stretch_, behind ? 2 * took_ : milliseconds(0)), kLingerMost));
  }
  size_t records(size_t usual, size_t most, bool behind) const {
    return behind ? std::max(usual, most) : std::min(usual * static_cast<size_t>(stretch_), std::max(usual, most));
  }

  // An epoch of so many bytes was durable after `took`, retries and waiting for the next term included. `crowded`: the sink was told that
  // there are too many parts.
  void written(size_t bytes, milliseconds took, bool crowded = false) {
    if (even_) return;
    took_ = took;
    if (crowded) {
      stretch_ = std::min(stretch_ * 2, kStretchMost);
      calm_ = 0;
      return;  // it took long for that, and smaller epochs would make more parts
    }
    if (stretch_ > 1 && ++calm_ >= kCalmEpochs) stretch_ /= 2, calm_ = 0;
    if (took > kGoal)
      allowed_ = std::max(std::min(bytes_max_, kLeast),
                          static_cast<size_t>(static_cast<double>(std::min(bytes, allowed_)) * kGoal.count() / static_cast<double>(took.count())));
    else if (took < kGoal / 2 && bytes >= allowed_ / 2)
      allowed_ = std::min(bytes_max_, allowed_ * 2);
  }

 private:
  size_t bytes_max_, allowed_;
  int stretch_ = 1, calm_ = 0;  // calm_: epochs without a crowd, one after the other
  milliseconds took_{0};        // the last one
  bool even_ = false;
};

}  // namespace millrace::pipeline

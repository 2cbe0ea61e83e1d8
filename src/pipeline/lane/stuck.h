#pragma once
// Tells a lane that doesn't turn any more from one that is slow. Pure.

#include <cstdint>

namespace millrace::pipeline {

// Asked once a second. A turn's longest calls have deadlines of some seconds; one that lasts for kLooks of these questions hangs. Questions are counted, and
// not the time: a process that was frozen gets its time again.
class StuckLane {
 public:
  static constexpr int kLooks = 180;

  // `turned_ms`: when it turned last.
  bool stuck(int64_t turned_ms) {
    if (turned_ms != seen_) seen_ = turned_ms, looks_ = 0;
    return looks_++ >= kLooks;
  }

 private:
  int64_t seen_ = -1;
  int looks_ = 0;
};

}  // namespace millrace::pipeline

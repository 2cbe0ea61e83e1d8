#pragma once
// How far a sink is with the plan that it was given.

#include <string>

namespace millrace::pipeline {

struct SinkState {
  enum class Kind { kIdle, kWriting, kDurable, kStopped };
  Kind kind = Kind::kIdle;
  std::string reason;    // kWriting: why it takes so long, "" if nothing is wrong; kStopped: why nothing may be written
  bool crowded = false;  // while it wrote this plan, it was told that there are too many small writes
};

}  // namespace millrace::pipeline

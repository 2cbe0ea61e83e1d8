#pragma once
// Which of several replicas a request goes to: the one in use, until it fails; then the next that isn't out. A replica that is out is left
// alone for a while, twice as long after each failure, and then tried by one request alone. Pure: no clock, no thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace millrace::clickhouse {

class EndpointChoice {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds kOutLeast{100}, kOutMost{2'000};
  static constexpr milliseconds kProbed{100};  // how soon to ask again while somebody else tries

  // The first of `count` is in use. `seed` makes the jitter, so that processes that met the same outage don't come back together.
  explicit EndpointChoice(size_t count, uint64_t seed = 0) : endpoints_(count), random_(seed * 2 + 1) {}

  struct Pick {
    size_t index = 0;
    bool probe = false;  // it was out: answered() or failed() decides whether others may follow
  };
  // None: all are out, and `wait` says for how long at least.
  std::optional<Pick> pick(Time now, milliseconds& wait);

  // What came of a request to it.
  void answered(size_t index);
  void failed(size_t index, bool probe, Time now);

  size_t in_use() const { return in_use_; }
  bool out(size_t index) const { return endpoints_[index].failures > 0; }

 private:
  struct Endpoint {
    int failures = 0;  // one after the other; 0: not out
    bool probed = false;
    Time again{};
  };
  void move_on();
  milliseconds pause(int failures);

  std::vector<Endpoint> endpoints_;
  size_t in_use_ = 0;
  uint64_t random_;
};

}  // namespace millrace::clickhouse

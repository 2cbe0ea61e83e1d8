#pragma once
// A shard's replicas, shared by the clients of a process, so that what one of them learns of a replica all of them know. Thread-safe.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/clickhouse/endpoint.h"
#include "clients/clickhouse/endpoint_choice.h"

namespace millrace::clickhouse {

// How a replica is now, each time that this changes.
struct EndpointChange {
  const std::string& url;
  bool up = true, in_use = false;
  std::string why{};  // up is false: the error
};

class EndpointGroup {
 public:
  // `urls`: at least one; everything else is `like`'s. `changed` is called on any client's thread, one at a time, first for each of them here.
  EndpointGroup(Endpoint like, std::vector<std::string> urls, std::function<void(const EndpointChange&)> changed = {});

  size_t size() const { return urls_.size(); }
  const Endpoint& like() const { return like_; }
  const std::string& url(size_t index) const { return urls_[index]; }
  Endpoint endpoint(size_t index) const;  // that one alone
  std::string names() const;              // all of them, for messages

  // Where the next request goes. An error, kTransient: all are out, and it isn't the time to try one.
  Result<EndpointChoice::Pick> pick();
  void answered(const EndpointChoice::Pick& pick);
  void failed(const EndpointChoice::Pick& pick, const std::string& why);

  // Whoever asks one of them in particular says what came of it. Changes nothing of where requests go.
  void heard(size_t index);
  void unheard(size_t index);
  // Since when nobody here has had an answer from it, as far as it was asked; 0: the last one did answer, or nobody has asked.
  std::chrono::milliseconds unheard_for(size_t index) const;

 private:
  using Clock = std::chrono::steady_clock;
  void tell(size_t index, const std::string& why = {});
  void tell_use(size_t before);

  const Endpoint like_;
  const std::vector<std::string> urls_;
  const std::function<void(const EndpointChange&)> changed_;
  mutable std::mutex mutex_;
  EndpointChoice choice_;
  std::vector<std::optional<Clock::time_point>> unheard_since_;
  std::string last_failure_;
};

}  // namespace millrace::clickhouse

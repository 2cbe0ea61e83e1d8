#pragma once
// A small versioned store on one Kafka topic (one partition, compacted), written by any number of processes without a leader.
//
// `State` is the user's: `void apply(const StoredRecord&)` changes it by one record of the topic, and must take whatever it finds there.
// It is the same function of the topic in every process. A write is a decision on the newest state (see writer.h): it is made anew
// whenever another writer came first, or nobody knows what became of the last attempt; so it must be idempotent ("it is there
// already") or fit to be decided again.

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "topic_store/follower.h"
#include "topic_store/writer.h"

namespace millrace::topic_store {

// start() once; stop() (or the destructor) ends writes under way within two seconds. All else from any thread.
template <class State>
class TopicStore {
 public:
  explicit TopicStore(StoreSettings settings, State initial = {})
      : settings_(completed(std::move(settings))),
        state_(std::move(initial)),
        follower_(settings_, [this](const StoredRecord& record) { apply(record); }),
        writer_(settings_, follower_) {}
  ~TopicStore() { stop(); }

  void start() { follower_.start(); }
  void stop() { follower_.stop(); }

  // Whether the topic was read to its end once; waits up to `time` for it. An error: this topic can't be used, and why.
  Result<bool> wait_current(std::chrono::milliseconds time) const { return follower_.wait_current(std::chrono::steady_clock::now() + time); }

  // f(const State&) under the lock, so it should be quick; another process's writes are seen within about 100 ms.
  template <class F>
  auto read(F&& f) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(state_);
  }

  // decide(const State&) returns the records to write; none: it refuses, or all is as it should be (what it found, it keeps itself:
  // of several calls the last counts). Errors as of Writer::write().
  template <class Decide>
  Status write(Decide&& decide) {
    MILLRACE_CHECK(!settings_.read_only, "a write to a store that only reads");
    return writer_.write([&]() -> std::vector<NewRecord> { return read(decide); });
  }

 private:
  static StoreSettings completed(StoreSettings settings) {
    if (settings.transactional_id.empty()) settings.transactional_id = "millrace.store." + settings.topic;
    return settings;
  }
  void apply(const StoredRecord& record) {
    const std::lock_guard lock(mutex_);
    state_.apply(record);
  }

  const StoreSettings settings_;
  mutable std::mutex mutex_;
  State state_;
  Follower follower_;
  Writer writer_;
};

}  // namespace millrace::topic_store

#pragma once
// Follows the topic of a store: hands every committed record, in order and once, to `apply`.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "clients/kafka/admin.h"
#include "clients/kafka/reader.h"
#include "topic_store/record.h"

namespace millrace::topic_store {

// Its thread runs from start() to stop() (or the destructor) and is the only one that calls `apply`. It waits for a broker that isn't
// there, and goes on where it was after an outage. A topic that can't be a store, or isn't the one that it began with, is refused
// for good: what was read stays, refusal() says why.
class Follower {
 public:
  using Apply = std::function<void(const StoredRecord&)>;
  using Deadline = std::chrono::steady_clock::time_point;

  Follower(StoreSettings settings, Apply apply) : settings_(std::move(settings)), apply_(std::move(apply)) {}
  ~Follower() { stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void start();
  void stop();  // returns within about a second

  // Whether everything that stood in the topic at some moment since the start has been applied; waits for it until the deadline.
  Result<bool> wait_current(Deadline deadline) const;
  // Whether everything before `end` has been applied.
  Result<bool> wait_for(Offset end, Deadline deadline) const;
  bool stopping() const;
  bool pause(std::chrono::milliseconds time) const;  // false: stopped meanwhile
  std::optional<Error> refusal() const;

 private:
  void run();
  Status open();
  Status make_and_look(kafka::Admin& admin);
  void follow();
  Result<bool> wait(Deadline deadline, const std::function<bool()>& holds) const;
  void refuse(std::string why);

  const StoreSettings settings_;
  const Apply apply_;
  std::thread thread_;
  // Of the thread alone.
  std::optional<kafka::Admin> admin_;
  std::optional<kafka::Reader> reader_;
  std::optional<TopicId> topic_id_;
  Offset next_{-1};  // the first offset not applied; -1: nothing was read yet
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Offset applied_{-1};  // next_, as the others see it
  bool current_ = false, stopping_ = false;
  std::optional<Error> refusal_;
};

}  // namespace millrace::topic_store

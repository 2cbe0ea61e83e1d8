#pragma once
// Writes a topic store, one decision at a time, without a leader.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "clients/kafka/reader.h"
#include "clients/kafka/transactional_producer.h"
#include "topic_store/follower.h"
#include "topic_store/recovery.h"

namespace millrace::topic_store {

// Every writer of a store, in whatever process, has the same transactional id. Initialising a producer under it settles the
// transaction before and fences its owner; what is then read to the end of the topic is all that there will be until the next one
// initialises, and after that our commit fails. So a commit that succeeds was decided on the newest state.
//
// The producer is kept between writes: as long as nobody else initialises, it needs no round trip to be the only one.
// Any thread; writes of one process wait for each other.
class Writer {
 public:
  using Decide = std::function<std::vector<NewRecord>()>;

  Writer(StoreSettings settings, Follower& follower);

  // Calls `decide` once per attempt, when the follower has applied all there is, and commits what it returns (nothing: done).
  // When it returns well, the follower has applied the records, unless the deadline cut that wait short.
  // Errors: kTransient: surely not written; kUnknown: perhaps written; kPermanent: the topic or the records are refused.
  Status write(const Decide& decide);

 private:
  enum class Attempt { kDone, kAgain };
  using Deadline = Follower::Deadline;
  Result<Attempt> attempt(const Decide& decide, Deadline deadline);
  Status ready(Deadline deadline);
  Result<Offset> read_to_end(Deadline deadline);
  Status send(const std::vector<NewRecord>& records);
  void drop_producer();
  Error recover(Step step, const kafka::TransactionError& error);
  kafka::milliseconds slice(Deadline deadline, kafka::milliseconds most) const;

  const StoreSettings settings_;
  Follower& follower_;
  std::timed_mutex mutex_;  // guards all below
  std::optional<kafka::TransactionalProducer> producer_;
  bool initialised_ = false;
  bool may_have_landed_ = false;       // of the write under way
  std::optional<kafka::Reader> ends_;  // asks for the end of the topic; the follower's reader is its thread's own
  std::minstd_rand random_;
};

}  // namespace millrace::topic_store

#pragma once
// One writer, many callers: what is waiting when a transaction begins shares it, and its sync to disk.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "clients/metrics/registry.h"
#include "clients/sql/connection.h"

namespace millrace::billing {

// Runs on its own thread until it is destroyed.
class GroupCommit {
 public:
  // Writes into a transaction that is open. It may be called again after a rollback, so what it gives to its caller it gives anew each time.
  using Work = std::function<Status(sql::Connection&)>;

  GroupCommit(sql::Settings settings, sql::Connection connection, metrics::Registry& metrics);
  ~GroupCommit();  // what is waiting ends as kTransient

  // Blocks until the work is durable, or surely not (kUnknown: perhaps). Work of others never makes it fail: after an error each runs alone.
  Status run(Work work);
  // Why the last transaction failed; none: it didn't.
  std::optional<std::string> trouble() const;

 private:
  struct Waiting {
    Work work;
    std::optional<Status> outcome;
  };
  void write_loop();
  Status transact(std::span<Waiting* const> group);

  const sql::Settings settings_;
  std::optional<sql::Connection> connection_;  // the writer's; none: it is to be opened again
  metrics::Histogram commit_seconds_, commit_works_;
  metrics::Counter failures_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_, done_;
  std::deque<Waiting*> queue_;  // callers' own, until their outcome is there
  std::optional<std::string> trouble_;
  bool closing_ = false;
  std::thread writer_;
};

}  // namespace millrace::billing

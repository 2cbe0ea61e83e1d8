#pragma once
// Connections to the engine, lent to one query each, with the query's database and settings put on and taken off again.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "clients/chdb/engine.h"

namespace millrace::clickhouse_embedded {

using Settings = std::vector<std::pair<std::string, std::string>>;

class Pool;

// Gives its connection back when destroyed. One thread.
class Lease {
 public:
  Lease(Lease&&) noexcept = default;
  ~Lease();
  chdb::Connection& operator*() { return *connection_; }
  chdb::Connection* operator->() { return connection_.get(); }
  Status use(const std::string& database, const Settings& settings);
  void discard() { broken_ = true; }  // in a state that nobody knows: closed instead of given back

 private:
  friend class Pool;
  Lease(Pool& pool, std::unique_ptr<chdb::Connection> connection, std::string database);
  Pool* pool_;
  std::unique_ptr<chdb::Connection> connection_;
  std::string database_;
  Settings settings_;
  bool broken_ = false;
};

class Pool {
 public:
  Pool(chdb::Engine& engine, size_t connections_max) : engine_(engine), max_(connections_max) {}
  Result<Lease> take();  // waits up to 30 s for a free one: error 202 after that

 private:
  friend class Lease;
  struct Free {
    std::unique_ptr<chdb::Connection> connection;
    std::string database;
  };
  void give_back(std::unique_ptr<chdb::Connection> connection, std::string database);
  void forget();
  chdb::Engine& engine_;
  const size_t max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Free> free_;
  size_t taken_ = 0;
};

}  // namespace millrace::clickhouse_embedded

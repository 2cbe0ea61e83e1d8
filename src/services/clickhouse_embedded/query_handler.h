#pragma once
// One request of ClickHouse's HTTP interface, from its head to its answer, on the thread of its connection.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "services/clickhouse_embedded/exchange.h"
#include "services/clickhouse_embedded/http_connection.h"
#include "services/clickhouse_embedded/pool.h"

namespace millrace::clickhouse_embedded {

struct Statement;

// Any number of threads at once.
class QueryHandler {
 public:
  QueryHandler(Pool& pool, Credentials credentials) : pool_(pool), credentials_(std::move(credentials)) {}
  void handle(HttpConnection& connection, const RequestHead& head);

  struct Counts {
    std::atomic<uint64_t> queries{0}, inserts{0}, rows_written{0}, failed{0}, cut_short{0};
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Query {
    std::string id, text, format, database;
    Settings settings;
    bool whole = false;  // wait_end_of_query: the answer is complete before its head is sent
  };
  void run(HttpConnection& connection, const RequestHead& head);
  void insert(HttpConnection& connection, const Query& query, const Statement& statement);
  void answer_whole(HttpConnection& connection, const Query& query);
  void answer_in_pieces(HttpConnection& connection, const Query& query);
  void fail(HttpConnection& connection, const std::string& query_id, const Error& error);
  Headers headers_of(const Query& query, const Summary& summary) const;

  Pool& pool_;
  Credentials credentials_;
  Counts counts_;
  std::mutex mutex_;
  std::set<std::string> running_;  // query ids: a second query with the same one is refused, as the server does
};

}  // namespace millrace::clickhouse_embedded

#pragma once
// One request of ClickHouse's HTTP interface, from its head to its answer, on the thread of its connection.

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "clients/metrics/registry.h"
#include "services/clickhouse_embedded/exchange.h"
#include "services/clickhouse_embedded/http_connection.h"
#include "services/clickhouse_embedded/pool.h"
#include "services/clickhouse_embedded/request_body.h"

namespace millrace::clickhouse_embedded {

struct Statement;

struct Counts {
  Counts() = default;  // counts nothing
  explicit Counts(metrics::Registry& registry);
  metrics::Counter queries, inserts, rows_written, failed, cut_short;
};

// Any number of threads at once.
class QueryHandler {
 public:
  QueryHandler(Pool& pool, Credentials credentials, Counts counts = {}) : pool_(pool), credentials_(std::move(credentials)), counts_(counts) {}
  void handle(HttpConnection& connection, const RequestHead& head);

 private:
  struct Query {
    std::string id, text, format, database;
    Settings settings;
    bool whole = false;  // wait_end_of_query: the answer is complete before its head is sent
    compression::ContentCoding answer_coding = compression::ContentCoding::kNone;
  };
  void run(HttpConnection& connection, const RequestHead& head);
  void insert(HttpConnection& connection, RequestBody& body, const Query& query, const Statement& statement);
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

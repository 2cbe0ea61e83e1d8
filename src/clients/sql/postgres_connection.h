#pragma once
// PostgreSQL's side of sql::Connection, which says what the calls do.

#include <map>
#include <memory>
#include <string>

#include "clients/sql/connection.h"

struct pg_conn;
struct pg_result;

namespace millrace::sql {

class PostgresConnection {
 public:
  static Result<std::unique_ptr<PostgresConnection>> open(const Settings& settings);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;

  bool broken() const;
  Result<int64_t> run(std::string_view statement, std::span<const Value> values, Rows* rows);
  Status begin(Begin mode);
  Status commit();
  void rollback();

 private:
  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}
  Result<std::string> prepared(std::string_view statement);
  Status simple(const char* statement);
  Error error(const pg_result* result) const;

  pg_conn* connection_;
  std::map<std::string, std::string, std::less<>> prepared_;  // statement -> its name at the server
};

}  // namespace millrace::sql

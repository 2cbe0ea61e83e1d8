#pragma once
// SQLite's side of sql::Connection, which says what the calls do.

#include <map>
#include <memory>
#include <string>

#include "clients/sql/connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace millrace::sql {

class SqliteConnection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, const Settings& settings);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;

  bool broken() const { return false; }
  Result<int64_t> run(std::string_view statement, std::span<const Value> values, Rows* rows);
  Status begin(Begin mode);
  Status commit();
  void rollback();

 private:
  SqliteConnection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  Result<sqlite3_stmt*> prepared(std::string_view statement);
  Error error(int code) const;

  sqlite3* database_;
  std::string path_;
  std::map<std::string, sqlite3_stmt*, std::less<>> prepared_;
};

}  // namespace millrace::sql

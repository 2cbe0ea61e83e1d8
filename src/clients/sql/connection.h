#pragma once
// One connection to SQLite or PostgreSQL, for SQL that both take. Values are integers of 64 bits and text; placeholders are $1, $2 …

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millrace::sql {

using Value = std::variant<int64_t, std::string>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

inline int64_t integer(const Value& value) { return std::get<int64_t>(value); }
inline const std::string& text(const Value& value) { return std::get<std::string>(value); }

enum class Engine { kSqlite, kPostgres };
enum class Begin {
  kWrite,  // SQLite: the write lock at once, waited for as long as Settings::lock_wait
  kRead,   // one snapshot for all that is read
};

struct Settings {
  std::string url;  // sqlite:/path (made if it is missing) or postgresql://…
  std::chrono::milliseconds lock_wait{2'000};
  bool read_only = false;  // SQLite: opened so
};

class SqliteConnection;
class PostgresConnection;

// One thread at a time. A statement is prepared once and kept, so texts must come from a small set. SQLite: WAL, every commit synced
// (synchronous=FULL). Errors: kTransient: locked, full, out of memory, connection lost, a conflict: roll back, or open() again if broken(); kPermanent: the SQL, a
// constraint, a file that is no database. code is SQLite's extended code; PostgreSQL's class of SQLSTATE is in the message. After an error of
// commit() the outcome is kUnknown where the connection broke; otherwise nothing of the transaction is left.
class Connection {
 public:
  static Result<Connection> open(const Settings& settings);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Engine engine() const;
  bool broken() const;  // the connection is gone: open another one

  // Rows are as long as the statement's columns; NULL is refused (kPermanent): say COALESCE.
  Result<Rows> query(std::string_view statement, std::span<const Value> values = {});
  Result<Rows> query(std::string_view statement, std::initializer_list<Value> values) { return query(statement, std::span(values.begin(), values.size())); }
  // How many rows it changed.
  Result<int64_t> execute(std::string_view statement, std::span<const Value> values = {});
  Result<int64_t> execute(std::string_view statement, std::initializer_list<Value> values) {
    return execute(statement, std::span(values.begin(), values.size()));
  }

  Status begin(Begin mode);
  Status commit();
  void rollback();  // nothing to do is no error

 private:
  using Either = std::variant<std::unique_ptr<SqliteConnection>, std::unique_ptr<PostgresConnection>>;
  explicit Connection(Either either);
  Either either_;
};

}  // namespace millrace::sql

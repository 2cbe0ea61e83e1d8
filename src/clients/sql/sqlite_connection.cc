#include "clients/sql/sqlite_connection.h"

#include <sqlite3.h>

namespace millrace::sql {

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, const Settings& settings) {
  sqlite3* raw = nullptr;
  const int flags = settings.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(raw, path));
  if (code != SQLITE_OK) return std::unexpected(connection->error(code));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(settings.lock_wait.count()));
  if (!settings.read_only) {
    Rows mode;
    if (auto set = connection->run("PRAGMA journal_mode=WAL", {}, &mode); !set) return std::unexpected(set.error());
    if (mode.empty() || text(mode[0][0]) != "wal") return permanent(path + ": SQLite can't keep a write-ahead log there: is it a network file system?");
    if (auto set = connection->run("PRAGMA synchronous=FULL", {}, nullptr); !set) return std::unexpected(set.error());
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (auto& [text, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

Error SqliteConnection::error(int code) const {
  Error error{Retry::kPermanent, code, path_ + ": " + (database_ ? sqlite3_errmsg(database_) : sqlite3_errstr(code))};
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.retry = Retry::kTransient;
      error.message += " (another process writes to it)";
      break;
    case SQLITE_FULL:
      error.retry = Retry::kTransient;
      error.message += " (free some space there)";
      break;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL: error.retry = Retry::kTransient; break;
    case SQLITE_CANTOPEN: error.message += " (its folder must exist and be writable)"; break;
    default: break;
  }
  return error;
}

Result<sqlite3_stmt*> SqliteConnection::prepared(std::string_view statement) {
  if (const auto found = prepared_.find(statement); found != prepared_.end()) return found->second;
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(database_, statement.data(), static_cast<int>(statement.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  prepared_.emplace(statement, made);
  return made;
}

Result<int64_t> SqliteConnection::run(std::string_view statement, std::span<const Value> values, Rows* rows) {
  const auto found = prepared(statement);
  if (!found) return std::unexpected(found.error());
  sqlite3_stmt* const ready = *found;
  struct Reset {
    sqlite3_stmt* of;
    ~Reset() { sqlite3_reset(of), sqlite3_clear_bindings(of); }
  } reset{ready};
  for (size_t i = 0; i < values.size(); ++i) {
    // "$2" is a name to SQLite, whose own index is the place where it first stands.
    const int index = sqlite3_bind_parameter_index(ready, ("$" + std::to_string(i + 1)).c_str());
    if (index == 0) continue;
    const auto* const words = std::get_if<std::string>(&values[i]);
    const int code = words ? sqlite3_bind_text(ready, index, words->data(), static_cast<int>(words->size()), SQLITE_STATIC)
                           : sqlite3_bind_int64(ready, index, integer(values[i]));
    if (code != SQLITE_OK) return std::unexpected(error(code));
  }
  int code = SQLITE_OK;
  while ((code = sqlite3_step(ready)) == SQLITE_ROW) {
    if (!rows) continue;
    Row& row = rows->emplace_back();
    for (int i = 0; i < sqlite3_column_count(ready); ++i) switch (sqlite3_column_type(ready, i)) {
        case SQLITE_INTEGER: row.emplace_back(sqlite3_column_int64(ready, i)); break;
        case SQLITE_TEXT:
          row.emplace_back(std::string(reinterpret_cast<const char*>(sqlite3_column_text(ready, i)), static_cast<size_t>(sqlite3_column_bytes(ready, i))));
          break;
        default: return permanent(path_ + ": neither integer nor text in column " + std::to_string(i) + " of " + std::string(statement));
      }
  }
  if (code != SQLITE_DONE) return std::unexpected(error(code));
  return sqlite3_changes64(database_);
}

Status SqliteConnection::begin(Begin mode) {
  const auto begun = run(mode == Begin::kWrite ? "BEGIN IMMEDIATE" : "BEGIN", {}, nullptr);
  if (!begun) return std::unexpected(begun.error());
  return {};
}

Status SqliteConnection::commit() {
  const auto done = run("COMMIT", {}, nullptr);
  if (!done) return std::unexpected(done.error());
  return {};
}

void SqliteConnection::rollback() {
  if (!sqlite3_get_autocommit(database_)) (void)run("ROLLBACK", {}, nullptr);
}

}  // namespace millrace::sql

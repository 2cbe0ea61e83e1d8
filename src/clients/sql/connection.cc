#include "clients/sql/connection.h"

#include "clients/sql/postgres_connection.h"
#include "clients/sql/sqlite_connection.h"

namespace millrace::sql {

Result<Connection> Connection::open(const Settings& settings) {
  if (settings.url.starts_with("sqlite:")) {
    auto opened = SqliteConnection::open(settings.url.substr(7), settings);
    if (!opened) return std::unexpected(opened.error());
    return Connection(std::move(*opened));
  }
  if (settings.url.starts_with("postgresql://") || settings.url.starts_with("postgres://")) {
    auto opened = PostgresConnection::open(settings);
    if (!opened) return std::unexpected(opened.error());
    return Connection(std::move(*opened));
  }
  return permanent("'" + settings.url + "' is no database: say sqlite:/path/to/file or postgresql://user@host/name");
}

Connection::Connection(Either either) : either_(std::move(either)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Engine Connection::engine() const { return either_.index() == 0 ? Engine::kSqlite : Engine::kPostgres; }
bool Connection::broken() const {
  return std::visit([](const auto& c) { return c->broken(); }, either_);
}
Result<Rows> Connection::query(std::string_view statement, std::span<const Value> values) {
  Rows rows;
  auto done = std::visit([&](const auto& c) { return c->run(statement, values, &rows); }, either_);
  if (!done) return std::unexpected(done.error());
  return rows;
}
Result<int64_t> Connection::execute(std::string_view statement, std::span<const Value> values) {
  return std::visit([&](const auto& c) { return c->run(statement, values, nullptr); }, either_);
}
Status Connection::begin(Begin mode) {
  return std::visit([&](const auto& c) { return c->begin(mode); }, either_);
}
Status Connection::commit() {
  return std::visit([](const auto& c) { return c->commit(); }, either_);
}
void Connection::rollback() {
  std::visit([](const auto& c) { c->rollback(); }, either_);
}

}  // namespace millrace::sql

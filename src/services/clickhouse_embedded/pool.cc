#include "services/clickhouse_embedded/pool.h"

#include <algorithm>
#include <chrono>

namespace millrace::clickhouse_embedded {
namespace {
bool is_name(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}
std::string quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') out += '\\';
    out += c;
  }
  return out + quote;
}
}  // namespace

Lease::Lease(Pool& pool, std::unique_ptr<chdb::Connection> connection, std::string database)
    : pool_(&pool), connection_(std::move(connection)), database_(std::move(database)) {}

Lease::~Lease() {
  if (!connection_) return;
  if (!settings_.empty() && !broken_) {
    std::string sql = "SET ";
    for (const auto& [name, value] : settings_) sql += (sql.size() > 4 ? ", " : "") + name + " = DEFAULT";
    if (!connection_->query(sql, "Null")) broken_ = true;
  }
  if (broken_) {
    connection_.reset();
    pool_->forget();
  } else {
    pool_->give_back(std::move(connection_), std::move(database_));
  }
}

Status Lease::use(const std::string& database, const Settings& settings) {
  if (database != database_) {
    if (auto used = connection_->query("USE " + quoted(database, '`'), "Null"); !used) return std::unexpected(used.error());
    database_ = database;
  }
  if (settings.empty()) return {};
  std::string sql = "SET ";
  for (const auto& [name, value] : settings) {
    if (!is_name(name)) return permanent("Code: 115. DB::Exception: Unknown setting '" + name + "'. (UNKNOWN_SETTING)", 115);
    sql += (sql.size() > 4 ? ", " : "") + name + " = " + quoted(value, '\'');
    // A query's parameter (param_x) can't be taken off again; a connection that had one is closed.
    if (name.starts_with("param_")) {
      broken_ = true;
    } else {
      settings_.emplace_back(name, value);
    }
  }
  if (auto set = connection_->query(sql, "Null"); !set) {
    broken_ = true;
    return std::unexpected(set.error());
  }
  return {};
}

Result<Lease> Pool::take() {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, std::chrono::seconds(30), [&] { return !free_.empty() || taken_ < max_; }))
    return transient("Code: 202. DB::Exception: Too many simultaneous queries: all " + std::to_string(max_) +
                         " connections are in use (--connections). (TOO_MANY_SIMULTANEOUS_QUERIES)",
                     202);
  ++taken_;
  if (!free_.empty()) {
    Free free = std::move(free_.back());
    free_.pop_back();
    return Lease(*this, std::move(free.connection), std::move(free.database));
  }
  lock.unlock();
  auto connection = engine_.connect();
  if (!connection) {
    forget();
    return std::unexpected(connection.error());
  }
  return Lease(*this, std::move(*connection), "default");
}

void Pool::give_back(std::unique_ptr<chdb::Connection> connection, std::string database) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back({std::move(connection), std::move(database)});
    --taken_;
  }
  freed_.notify_one();
}

void Pool::forget() {
  {
    const std::lock_guard lock(mutex_);
    --taken_;
  }
  freed_.notify_one();
}

}  // namespace millrace::clickhouse_embedded

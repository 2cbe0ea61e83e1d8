#include "clients/sql/postgres_connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>

namespace millrace::sql {

namespace {

struct PostgresAnswer {
  PGresult* raw;
  explicit PostgresAnswer(PGresult* r) : raw(r) {}
  PostgresAnswer(const PostgresAnswer&) = delete;
  ~PostgresAnswer() { PQclear(raw); }
  bool good() const { return PQresultStatus(raw) == PGRES_COMMAND_OK || PQresultStatus(raw) == PGRES_TUPLES_OK; }
};

constexpr Oid kInt8 = 20, kInt4 = 23, kInt2 = 21;  // pg_type.dat: fixed for good

std::string trimmed(const char* message) {
  std::string said = message ? message : "";
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  std::ranges::replace(said, '\n', ' ');
  return said;
}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const Settings& settings) {
  // A URL's own values win over these.
  const char* const names[] = {"connect_timeout", "application_name", "keepalives_idle", "tcp_user_timeout", "dbname", nullptr};
  const char* const values[] = {"5", "millrace billing", "15", "15000", settings.url.c_str(), nullptr};
  PGconn* const raw = PQconnectdbParams(names, values, 1);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(raw));
  if (PQstatus(raw) != CONNECTION_OK) return transient("PostgreSQL can't be reached: " + trimmed(PQerrorMessage(raw)));
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);
  const std::string wait = "SET lock_timeout = " + std::to_string(settings.lock_wait.count());
  if (auto set = connection->simple(wait.c_str()); !set) return std::unexpected(set.error());
  // Acknowledged means on disk, whatever the server's default is.
  if (auto set = connection->simple("SET synchronous_commit = on"); !set) return std::unexpected(set.error());
  return connection;
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

bool PostgresConnection::broken() const { return PQstatus(connection_) != CONNECTION_OK; }

Error PostgresConnection::error(const pg_result* result) const {
  const char* const state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view code = state ? state : "";
  Error error{Retry::kPermanent, 0, "PostgreSQL: " + trimmed(result ? PQresultErrorMessage(result) : PQerrorMessage(connection_))};
  if (!code.empty()) error.message += " (" + std::string(code) + ")";
  // Connection, transaction rolled back, resources (disk full), operator intervention, system error, lock not available, read-only standby.
  for (const char* group : {"08", "40", "53", "57", "58", "55P03", "25006"})
    if (code.starts_with(group)) error.retry = Retry::kTransient;
  if (code.empty() || broken()) error.retry = Retry::kTransient;
  return error;
}

Result<std::string> PostgresConnection::prepared(std::string_view statement) {
  if (const auto found = prepared_.find(statement); found != prepared_.end()) return found->second;
  const std::string name = "s" + std::to_string(prepared_.size());
  const PostgresAnswer answer(PQprepare(connection_, name.c_str(), std::string(statement).c_str(), 0, nullptr));
  if (!answer.good()) return std::unexpected(error(answer.raw));
  prepared_.emplace(statement, name);
  return name;
}

Result<int64_t> PostgresConnection::run(std::string_view statement, std::span<const Value> values, Rows* rows) {
  const auto name = prepared(statement);
  if (!name) return std::unexpected(name.error());
  std::vector<std::string> texts;
  std::vector<const char*> parameters;
  texts.reserve(values.size());
  for (const auto& value : values) {
    texts.push_back(std::holds_alternative<std::string>(value) ? text(value) : std::to_string(integer(value)));
    parameters.push_back(texts.back().c_str());
  }
  const PostgresAnswer answer(PQexecPrepared(connection_, name->c_str(), static_cast<int>(parameters.size()), parameters.data(), nullptr, nullptr, 0));
  if (!answer.good()) return std::unexpected(error(answer.raw));
  const int columns = PQnfields(answer.raw);
  for (int r = 0; rows && r < PQntuples(answer.raw); ++r) {
    Row& row = rows->emplace_back();
    for (int c = 0; c < columns; ++c) {
      if (PQgetisnull(answer.raw, r, c)) return permanent("PostgreSQL: NULL in column " + std::to_string(c) + " of " + std::string(statement));
      const std::string_view field(PQgetvalue(answer.raw, r, c), static_cast<size_t>(PQgetlength(answer.raw, r, c)));
      const Oid type = PQftype(answer.raw, c);
      if (type == kInt8 || type == kInt4 || type == kInt2) {
        int64_t number = 0;
        std::from_chars(field.data(), field.data() + field.size(), number);
        row.emplace_back(number);
      } else {
        row.emplace_back(std::string(field));
      }
    }
  }
  int64_t changed = 0;
  const std::string_view tuples = PQcmdTuples(answer.raw);
  std::from_chars(tuples.data(), tuples.data() + tuples.size(), changed);
  return changed;
}

Status PostgresConnection::simple(const char* statement) {
  const PostgresAnswer answer(PQexec(connection_, statement));
  if (!answer.good()) return std::unexpected(error(answer.raw));
  return {};
}

Status PostgresConnection::begin(Begin mode) {
  return simple(mode == Begin::kWrite ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Status PostgresConnection::commit() {
  const PostgresAnswer answer(PQexec(connection_, "COMMIT"));
  if (!answer.good()) {
    Error failed = error(answer.raw);
    if (broken()) failed.retry = Retry::kUnknown;
    return std::unexpected(std::move(failed));
  }
  // COMMIT of a transaction that failed before says so with success.
  if (std::string_view(PQcmdStatus(answer.raw)) != "COMMIT") return transient("PostgreSQL: the transaction was rolled back");
  return {};
}

void PostgresConnection::rollback() {
  if (PQtransactionStatus(connection_) != PQTRANS_IDLE && !broken()) (void)simple("ROLLBACK");
}

}  // namespace millrace::sql

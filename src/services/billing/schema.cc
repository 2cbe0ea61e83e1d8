#include "services/billing/schema.h"

#include <string>
#include <vector>

namespace millrace::billing {
namespace {

// What version n adds to version n - 1. Never change one that was released: add another. The order of a key's columns is that of the questions.
const std::vector<std::vector<std::string>>& migrations() {
  static const std::vector<std::vector<std::string>> all = {{
      "CREATE TABLE partitions (generation BIGINT NOT NULL, pipeline TEXT NOT NULL, topic_id TEXT NOT NULL, partition BIGINT NOT NULL, topic TEXT NOT NULL, "
      "expected BIGINT NOT NULL, PRIMARY KEY (generation, pipeline, topic_id, partition))",
      "CREATE TABLE plans (generation BIGINT NOT NULL, plan TEXT NOT NULL, pipeline TEXT NOT NULL, time_ms BIGINT NOT NULL, applied_ms BIGINT NOT NULL, "
      "fingerprint TEXT NOT NULL, PRIMARY KEY (generation, plan))",
      "CREATE INDEX plans_by_age ON plans (applied_ms)",
      "CREATE TABLE plan_ranges (generation BIGINT NOT NULL, plan TEXT NOT NULL, number BIGINT NOT NULL, topic TEXT NOT NULL, topic_id TEXT NOT NULL, "
      "partition BIGINT NOT NULL, begin_offset BIGINT NOT NULL, end_offset BIGINT NOT NULL, records BIGINT NOT NULL, PRIMARY KEY (generation, plan, number))",
      "CREATE TABLE totals (generation BIGINT NOT NULL, tenant TEXT NOT NULL, meter TEXT NOT NULL, unit TEXT NOT NULL, window_start_ms BIGINT NOT NULL, "
      "window_ms BIGINT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (generation, tenant, meter, unit, window_start_ms, window_ms))",
      "CREATE TABLE contributions (generation BIGINT NOT NULL, tenant TEXT NOT NULL, meter TEXT NOT NULL, unit TEXT NOT NULL, window_start_ms BIGINT NOT NULL, "
      "window_ms BIGINT NOT NULL, plan TEXT NOT NULL, number BIGINT NOT NULL, value TEXT NOT NULL, adjustment BIGINT NOT NULL, "
      "PRIMARY KEY (generation, tenant, meter, unit, window_start_ms, window_ms, plan, number))",
      "CREATE INDEX contributions_by_plan ON contributions (generation, plan)",
      "CREATE TABLE adjustments (generation BIGINT NOT NULL, tenant TEXT NOT NULL, booked_month TEXT NOT NULL, meter TEXT NOT NULL, unit TEXT NOT NULL, "
      "window_start_ms BIGINT NOT NULL, window_ms BIGINT NOT NULL, plan TEXT NOT NULL, number BIGINT NOT NULL, value TEXT NOT NULL, applied_ms BIGINT NOT "
      "NULL, "
      "PRIMARY KEY (generation, tenant, booked_month, meter, unit, window_start_ms, window_ms, plan, number))",
      "CREATE TABLE closed_months (generation BIGINT NOT NULL, month TEXT NOT NULL, closed_ms BIGINT NOT NULL, author TEXT NOT NULL, PRIMARY KEY (generation, "
      "month))",
      "CREATE TABLE skips (generation BIGINT NOT NULL, pipeline TEXT NOT NULL, topic_id TEXT NOT NULL, partition BIGINT NOT NULL, begin_offset BIGINT NOT "
      "NULL, "
      "end_offset BIGINT NOT NULL, topic TEXT NOT NULL, plan TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, declared_ms BIGINT NOT NULL, "
      "PRIMARY KEY (generation, pipeline, topic_id, partition, begin_offset, end_offset))",
  }};
  static_assert(kSchemaVersion == 1, "one entry for each version");
  return all;
}

// One text for both engines: PostgreSQL sorts text by bytes too, SQLite keeps a table in the order of its key.
std::string for_engine(std::string statement, sql::Engine engine) {
  if (engine == sql::Engine::kSqlite) return statement.starts_with("CREATE TABLE") ? statement + " WITHOUT ROWID" : statement;
  for (size_t at = 0; (at = statement.find("TEXT", at)) != std::string::npos; at += 4) statement.insert(at + 4, " COLLATE \"C\"");
  return statement;
}

Status migrate(sql::Connection& connection, uint32_t generation) {
  if (auto turn = take_turn(connection); !turn) return turn;
  if (auto made = connection.execute("CREATE TABLE IF NOT EXISTS ledger (id BIGINT PRIMARY KEY, schema_version BIGINT NOT NULL, generation BIGINT NOT NULL)");
      !made)
    return std::unexpected(made.error());
  const auto stored = connection.query("SELECT schema_version, generation FROM ledger WHERE id = 1");
  if (!stored) return std::unexpected(stored.error());
  const int64_t version = stored->empty() ? 0 : sql::integer((*stored)[0][0]);
  const int64_t stored_generation = stored->empty() ? 0 : sql::integer((*stored)[0][1]);
  if (version > kSchemaVersion)
    return permanent("the database's tables are of version " + std::to_string(version) + ", this program knows " + std::to_string(kSchemaVersion) +
                     ": run a newer millrace");
  if (stored_generation > generation)
    return permanent("the ledger is at generation " + std::to_string(stored_generation) + ": say --generation " + std::to_string(stored_generation));
  for (auto v = static_cast<size_t>(version); v < migrations().size(); ++v)
    for (const auto& statement : migrations()[v])
      if (auto made = connection.execute(for_engine(statement, connection.engine())); !made) return std::unexpected(made.error());
  const auto written = connection.execute(
      "INSERT INTO ledger (id, schema_version, generation) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET schema_version = excluded.schema_version, "
      "generation = "
      "excluded.generation",
      {kSchemaVersion, static_cast<int64_t>(generation)});
  if (!written) return std::unexpected(written.error());
  return {};
}

}  // namespace

Status prepare_schema(sql::Connection& connection, uint32_t generation) {
  if (auto begun = connection.begin(sql::Begin::kWrite); !begun) return begun;
  auto done = migrate(connection, generation);
  if (done) done = connection.commit();
  if (!done) connection.rollback();
  return done;
}

Status take_turn(sql::Connection& connection) {
  if (connection.engine() == sql::Engine::kSqlite) return {};
  // A number of our own among the database's advisory locks.
  const auto locked = connection.query("SELECT pg_advisory_xact_lock(7239013416601)");
  if (!locked) return std::unexpected(locked.error());
  return {};
}

}  // namespace millrace::billing

#include "tables/existing.h"

#include <cstdlib>

#include "clients/clickhouse/rows.h"

namespace millrace::tables {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> rows_of(clickhouse::Client& client, const std::string& sql, size_t fields) {
  auto body = client.select(sql, "TabSeparated");
  if (!body) return std::unexpected(body.error());
  Rows rows = clickhouse::parse_tab_separated(*body);
  for (const auto& row : rows)
    if (row.size() != fields) return transient("unexpected answer to " + sql);
  return rows;
}

}  // namespace

Result<std::optional<ExistingTable>> read_existing(clickhouse::Client& client, const std::string& database, const std::string& table) {
  const auto where = [&](const char* name) {
    return " WHERE database = " + clickhouse::quote_string(database) + " AND " + name + " = " + clickhouse::quote_string(table);
  };
  auto tables = rows_of(client,
                        "SELECT engine, engine_full, create_table_query, partition_key, arrayStringConcat(dependencies_table, ',') "
                        "FROM system.tables" +
                            where("name"),
                        5);
  if (!tables) return std::unexpected(tables.error());
  if (tables->empty()) return std::optional<ExistingTable>();
  const auto& row = tables->front();
  ExistingTable existing{.engine = row[0],
                         .engine_full = row[1],
                         .create_query = row[2],
                         .partition_key = row[3],
                         .columns = {},
                         .indices = {},
                         .row_policies = {},
                         .dependents = {}};
  for (std::string rest = row[4]; !rest.empty();) {
    existing.dependents.push_back(rest.substr(0, rest.find(',')));
    rest.erase(0, existing.dependents.back().size() + 1);
  }
  auto columns = rows_of(client, "SELECT name, type, default_kind, default_expression FROM system.columns" + where("table") + " ORDER BY position", 4);
  if (!columns) return std::unexpected(columns.error());
  for (auto& c : *columns) existing.columns.push_back({c[0], c[1], c[2], c[3]});
  // The server makes up a default for EPHEMERAL; it is never used.
  for (auto& c : existing.columns)
    if (c.default_kind == "EPHEMERAL") c.default_expression.clear();
  auto indices = rows_of(client, "SELECT name, expr, type, granularity FROM system.data_skipping_indices" + where("table"), 4);
  if (!indices) return std::unexpected(indices.error());
  for (auto& i : *indices) existing.indices.push_back({i[0], i[1], i[2], std::strtoull(i[3].c_str(), nullptr, 10)});
  auto policies = rows_of(client, "SELECT name FROM system.row_policies" + where("table"), 1);
  if (policies) {
    for (auto& p : *policies) existing.row_policies.push_back(p[0]);
  } else if (policies.error().code != 497) {  // no right to see them: the engine on one machine has none
    return std::unexpected(policies.error());
  }
  return std::optional(std::move(existing));
}

Result<Difference> plan(clickhouse::Client& client, const TableDefinition& wanted) {
  auto existing = read_existing(client, wanted.database, wanted.table);
  if (!existing) return std::unexpected(existing.error());
  return difference(wanted, *existing);
}

Result<Difference> plan_all_shards(clickhouse::Client& client, const TableDefinition& wanted) {
  auto existing = read_existing(client, wanted.database, all_shards_name(wanted));
  if (!existing) return std::unexpected(existing.error());
  return all_shards_difference(wanted, *existing);
}

Status apply(clickhouse::Client& client, const Difference& difference) {
  if (!difference.refusals.empty()) return permanent(difference.refusals.front());
  for (const std::string& statement : difference.statements)
    if (auto done = client.execute(statement); !done) return done;
  return {};
}

}  // namespace millrace::tables

#include "tables/definition.h"

#include <algorithm>
#include <array>

#include "clients/clickhouse/rows.h"

namespace millrace::tables {
namespace {

// The check that makes an old insert harmless: nowInBlock() is taken when the block is whole, now() when the query begins.
constexpr const char* kLandedAt = "if(throwIf(nowInBlock() > _deadline, 'millrace: the term of this insert is over') = 0, nowInBlock(), nowInBlock())";

const columns::NamedType* find(const TableDefinition& table, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    for (const auto& column : table.events)
      if (column.name == name && !columns::is_nullable(column.type)) return &column;
  return nullptr;
}

// {shard} and {replica} are macros of each server. The path names the table, so that two tables never meet in Keeper.
std::string engine_of(const TableDefinition& table) {
  if (!table.cluster.empty()) return "ReplicatedMergeTree('/clickhouse/tables/{shard}/" + table.database + "/" + table.table + "', '{replica}')";
  return table.replicated ? "ReplicatedMergeTree" : "MergeTree";
}

bool is_time(const columns::Type& type) { return type.kind == columns::Kind::kDateTime64 || type.kind == columns::Kind::kDateTime; }

}  // namespace

std::vector<columns::NamedType> left_out_columns() {
  return {{"begin", columns::simple(columns::Kind::kInt64)},
          {"end", columns::simple(columns::Kind::kInt64)},
          {"left_out", columns::simple(columns::Kind::kUInt32)}};
}

const std::vector<MetaColumn>& meta_columns() {
  static const std::vector<MetaColumn> columns{
      {"_plan", "UInt128", "", "", "CODEC(ZSTD(1))"},
      {"_topic", "LowCardinality(String)", "", "", ""},
      {"_partition", "Int32", "", "", "CODEC(ZSTD(1))"},
      {"_offset", "Int64", "", "", "CODEC(Delta(8), ZSTD(1))"},
      {"_schema_id", "Int32", "", "", "CODEC(ZSTD(1))"},
      {"_ingested_at", "DateTime64(3, 'UTC')", "", "", "CODEC(Delta(8), ZSTD(1))"},
      {"_landed_at", "DateTime", "DEFAULT", kLandedAt, "CODEC(Delta(4), ZSTD(1))"},
      {"_deadline", "DateTime", "EPHEMERAL", "", ""},
  };
  return columns;
}

std::string qualified(const TableDefinition& table) { return clickhouse::quote_identifier(table.database) + "." + clickhouse::quote_identifier(table.table); }

std::string on_cluster(const TableDefinition& table) { return table.cluster.empty() ? "" : " ON CLUSTER " + clickhouse::quote_identifier(table.cluster); }

std::string alter(const TableDefinition& table) { return "ALTER TABLE " + qualified(table) + on_cluster(table); }

bool is_replicated(const TableDefinition& table) { return table.replicated || !table.cluster.empty(); }

std::string window_setting(bool replicated) { return replicated ? "replicated_deduplication_window" : "non_replicated_deduplication_window"; }

std::vector<std::string> sorting_key(const TableDefinition& table) {
  std::vector<std::string> key;
  if (const auto* tenant = find(table, {"tenant_id", "tenant", "context.tenant_id", "meta.tenant_id"}))
    key.push_back(clickhouse::quote_identifier(tenant->name));
  const auto* time = find(table, {"event_time", "occurred_at", "timestamp", "time", "created_at", "ts", "at"});
  if (!time || !is_time(time->type)) {
    time = nullptr;
    for (const auto& column : table.events)
      if (!time && is_time(column.type)) time = &column;
  }
  if (time) key.push_back(clickhouse::quote_identifier(time->name));
  key.emplace_back("_partition");
  key.emplace_back("_offset");
  return key;
}

std::string column_ddl(const columns::NamedType& column) {
  std::string ddl = clickhouse::quote_identifier(column.name) + " " + columns::to_string(column.type);
  switch (column.type.kind) {
    case columns::Kind::kDateTime64: return ddl + " CODEC(Delta(8), ZSTD(1))";
    case columns::Kind::kDateTime: return ddl + " CODEC(Delta(4), ZSTD(1))";
    case columns::Kind::kString:
    case columns::Kind::kArray:
    case columns::Kind::kMap: return ddl + " CODEC(ZSTD(1))";
    default: return ddl;  // the server's default, LZ4
  }
}

std::string create_statement(const TableDefinition& table) {
  // On a cluster some of the servers may have it: they keep theirs.
  std::string ddl = "CREATE TABLE " + std::string(table.cluster.empty() ? "" : "IF NOT EXISTS ") + qualified(table) + on_cluster(table) + "\n(\n";
  for (const auto& column : table.events) ddl += "    " + column_ddl(column) + ",\n";
  for (const MetaColumn& meta : meta_columns()) {
    ddl += "    " + clickhouse::quote_identifier(meta.name) + " " + meta.type;
    if (*meta.default_kind) ddl += std::string(" ") + meta.default_kind;
    if (*meta.default_expression) ddl += std::string(" ") + meta.default_expression;
    if (*meta.codec) ddl += std::string(" ") + meta.codec;
    ddl += ",\n";
  }
  ddl += std::string("    INDEX ") + kPlanIndex + " _plan TYPE minmax GRANULARITY 1\n)\n";
  ddl += "ENGINE = " + engine_of(table) + "\n";
  ddl += "PARTITION BY toDate(_ingested_at)\nORDER BY (";
  for (const std::string& column : sorting_key(table)) ddl += (ddl.ends_with('(') ? "" : ", ") + column;
  ddl += ")\n";
  if (table.ttl_days > 0) ddl += "TTL toDateTime(_ingested_at) + toIntervalDay(" + std::to_string(table.ttl_days) + ")\n";
  ddl += "SETTINGS " + window_setting(is_replicated(table)) + " = " + std::to_string(table.window);
  if (is_replicated(table)) ddl += ", replicated_deduplication_window_seconds = " + std::to_string(kWindowSeconds);
  return ddl;
}

std::string all_shards_name(const TableDefinition& table) { return table.table + "_all"; }

std::vector<columns::NamedType> all_shards_columns(const TableDefinition& table) {
  std::vector<columns::NamedType> all = table.events;
  for (const MetaColumn& meta : meta_columns())
    if (std::string_view(meta.default_kind) != "EPHEMERAL") all.push_back({meta.name, *columns::parse_type(meta.type)});
  return all;
}

std::string create_all_shards_statement(const TableDefinition& table) {
  TableDefinition all = table;
  all.table = all_shards_name(table);
  std::string ddl = "CREATE TABLE IF NOT EXISTS " + qualified(all) + on_cluster(table) + "\n(\n";
  for (const auto& column : all_shards_columns(table))
    ddl += (ddl.ends_with("(\n") ? "    " : ",\n    ") + clickhouse::quote_identifier(column.name) + " " + columns::to_string(column.type);
  return ddl + "\n)\nENGINE = Distributed(" + clickhouse::quote_string(table.cluster) + ", " + clickhouse::quote_string(table.database) + ", " +
         clickhouse::quote_string(table.table) + ")";
}

}  // namespace millrace::tables

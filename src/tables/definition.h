#pragma once
// The table of a topic: its event columns from the schema, the columns of the epoch protocol (DESIGN.md section 3), and the DDL.

#include <string>
#include <string_view>
#include <vector>

#include "columns/block.h"

namespace millrace::tables {

struct TableDefinition {
  std::string database, table;
  std::vector<columns::NamedType> events;  // in the schema's order
  bool replicated = false;
  int ttl_days = 0;    // by _ingested_at; 0: kept for ever
  int window = 10000;  // deduplication tokens remembered: must outlive a term (10 s) of the whole fleet's inserts
  // As the server's remote_servers name it: statements run ON CLUSTER, and the table is replicated within each shard. "": this server alone.
  std::string cluster{};
};

struct MetaColumn {
  const char* name;
  const char* type;
  const char* default_kind;        // "", DEFAULT, EPHEMERAL: as system.columns says
  const char* default_expression;  // as the server writes it
  const char* codec;
};

// Of clickhouse::kLeftOutTable.
std::vector<columns::NamedType> left_out_columns();

const std::vector<MetaColumn>& meta_columns();
inline constexpr const char* kPlanIndex = "_plan_minmax";

std::string qualified(const TableDefinition& table);
std::string on_cluster(const TableDefinition& table);  // " ON CLUSTER `events`", or ""
std::string alter(const TableDefinition& table);       // "ALTER TABLE `shop`.`orders` ON CLUSTER `events`"
bool is_replicated(const TableDefinition& table);
std::string window_setting(bool replicated);
// Keeper forgets tokens by age too; a term is 10 s.
inline constexpr int kWindowSeconds = 3600;
// Tenant and event time where the schema has them (not nullable), then partition and offset.
std::vector<std::string> sorting_key(const TableDefinition& table);
std::string column_ddl(const columns::NamedType& column);
std::string create_statement(const TableDefinition& table);

// The table that readers see all shards through: <table>_all, Distributed, without a sharding key, so that nobody inserts through it.
std::string all_shards_name(const TableDefinition& table);
std::vector<columns::NamedType> all_shards_columns(const TableDefinition& table);
std::string create_all_shards_statement(const TableDefinition& table);

}  // namespace millrace::tables

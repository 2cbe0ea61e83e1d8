#pragma once
// Reads how a table is, and runs what makes it how it should be.

#include <optional>
#include <string>

#include "base/result.h"
#include "clients/clickhouse/client.h"
#include "tables/difference.h"

namespace millrace::tables {

Result<std::optional<ExistingTable>> read_existing(clickhouse::Client& client, const std::string& database, const std::string& table);
// Difference and, if nothing is refused, its statements one by one. The error names the statement.
Result<Difference> plan(clickhouse::Client& client, const TableDefinition& wanted);
Result<Difference> plan_all_shards(clickhouse::Client& client, const TableDefinition& wanted);
Status apply(clickhouse::Client& client, const Difference& difference);

}  // namespace millrace::tables

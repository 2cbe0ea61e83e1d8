#pragma once
// What ClickHouse has of a plan. One thread; blocks up to the endpoint's timeouts.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clients/clickhouse/client.h"
#include "pipeline/commit/plan.h"

namespace millrace::operate {

struct PlanTable {
  std::string topic, table;
  std::optional<uint64_t> rows;  // of the plan; none: it couldn't be asked
  std::string trouble;           // why not; or what is odd about it
};

// The tables of the plan's topics, with the number of the plan's rows in each. `client` may be nullptr: nothing is asked.
std::vector<PlanTable> tables_of(const pipeline::Plan& plan, clickhouse::Client* client);

// How often each offset of one topic is in its table under this plan. A table that isn't there holds none. The error: it can't be told.
using RowPositions = std::map<PartitionId, std::map<Offset, uint64_t>>;
Result<RowPositions> positions_of(const pipeline::Plan& plan, const std::string& topic, clickhouse::Client& client);

// Rows of a partition, under any plan, from an offset on.
struct RowsFrom {
  uint64_t rows = 0;
  std::optional<Offset> last_at_all;  // the last offset that the table has of the partition
};
Result<RowsFrom> rows_from(const TopicPartition& partition, Offset begin, clickhouse::Client& client);

}  // namespace millrace::operate

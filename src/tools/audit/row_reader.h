#pragma once
// Reads what the comparison needs from a topic's table.

#include <map>
#include <string>
#include <vector>

#include "clients/clickhouse/client.h"
#include "tools/audit/records.h"

namespace millrace::audit {

using Rows = std::map<int32_t, std::vector<Row>>;  // by partition, sorted by offset

// All rows of `topic` in `table` (of the endpoint's database). One scan, streamed. The error: no such table, or a column is missing.
Result<Rows> read_rows(const clickhouse::Endpoint& endpoint, const std::string& table, const std::string& topic);

using LeftOutRanges = std::map<int32_t, std::vector<LeftOut>>;  // by partition, sorted by where they begin
// What rules left out of `topic`; nothing where there is no such table.
Result<LeftOutRanges> read_left_out(const clickhouse::Endpoint& endpoint, const std::string& topic);

}  // namespace millrace::audit

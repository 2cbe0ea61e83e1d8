#include "tools/operate/plan_rows.h"

#include <set>

#include "clients/clickhouse/rows.h"
#include "clients/clickhouse/table_name.h"

namespace millrace::operate {

namespace {

bool no_such_table(const Error& error) { return clickhouse::trouble_of(error) == clickhouse::Trouble::kMissingTable; }

// A replica that lags would say "none" of rows that are on their way to it.
Status catch_up(clickhouse::Client& client, const std::string& table) {
  const auto replicated = client.replicated(table);
  if (!replicated) return std::unexpected(replicated.error());
  return *replicated == clickhouse::Replicated::kYes ? client.sync_replica(table) : Status();
}

}  // namespace

std::vector<PlanTable> tables_of(const pipeline::Plan& plan, clickhouse::Client* client) {
  std::set<std::string> topics;
  for (const auto& range : plan.ranges) topics.insert(range.partition.topic);
  std::vector<PlanTable> all;
  for (const std::string& topic : topics) {
    PlanTable one{topic, clickhouse::table_of_topic(topic), {}, ""};
    if (client == nullptr) {
      one.trouble = "not asked: no ClickHouse was named";
    } else if (const auto rows = client->count_of_plan(one.table, plan.id)) {
      one.rows = *rows;
    } else {
      one.trouble = rows.error().message;
      if (no_such_table(rows.error())) one.rows = 0;
    }
    all.push_back(std::move(one));
  }
  return all;
}

Result<RowPositions> positions_of(const pipeline::Plan& plan, const std::string& topic, clickhouse::Client& client) {
  const std::string table = clickhouse::table_of_topic(topic);
  if (const auto caught_up = catch_up(client, table); !caught_up) return std::unexpected(caught_up.error());
  const auto body = client.select("SELECT _partition, _offset, count() FROM " + clickhouse::quote_identifier(table) +
                                      " WHERE _plan = " + clickhouse::uint128_literal(plan.id.value) + " AND _topic = " + clickhouse::quote_string(topic) +
                                      " GROUP BY _partition, _offset",
                                  "RowBinary");
  RowPositions positions;
  if (!body && no_such_table(body.error())) return positions;
  if (!body) return std::unexpected(body.error());
  uint64_t rows = 0;
  clickhouse::RowBinaryReader reader(*body);
  while (!reader.at_end()) {
    const PartitionId partition(reader.number<int32_t>());
    const Offset offset(reader.number<int64_t>());
    const auto times = reader.number<uint64_t>();
    if (reader.failed()) return transient(table + ": the answer is cut short");
    positions[partition][offset] = times;
    rows += times;
  }
  // Nothing else is there under this plan, and nothing came in between.
  const auto count = client.count_of_plan(table, plan.id);
  if (!count) return std::unexpected(count.error());
  if (*count != rows)
    return permanent(table + " has " + std::to_string(*count) + " rows of the plan, and only of " + std::to_string(rows) +
                     " can it be said which records they are of " + topic);
  return positions;
}

Result<RowsFrom> rows_from(const TopicPartition& partition, Offset begin, clickhouse::Client& client) {
  const std::string table = clickhouse::table_of_topic(partition.topic);
  if (const auto caught_up = catch_up(client, table); !caught_up) return std::unexpected(caught_up.error());
  const auto body =
      client.select("SELECT countIf(_offset >= " + std::to_string(begin.value) + "), count(), max(_offset) FROM " + clickhouse::quote_identifier(table) +
                        " WHERE _topic = " + clickhouse::quote_string(partition.topic) + " AND _partition = " + std::to_string(partition.partition.value),
                    "RowBinary");
  RowsFrom found;
  if (!body && no_such_table(body.error())) return found;
  if (!body) return std::unexpected(body.error());
  clickhouse::RowBinaryReader reader(*body);
  found.rows = reader.number<uint64_t>();
  const auto all = reader.number<uint64_t>();
  const Offset last(reader.number<int64_t>());
  if (reader.failed()) return transient(table + ": the answer is cut short");
  if (all > 0) found.last_at_all = last;
  return found;
}

}  // namespace millrace::operate

#include "tools/audit/row_reader.h"

#include <algorithm>

#include "clients/clickhouse/rows.h"
#include "clients/clickhouse/table_name.h"

namespace millrace::audit {
namespace {

struct Columns {
  std::string select = "_partition, _offset";
  bool event_id = false, event_id_is_uuid = false, tenant = false, amount = false;
};

Result<Columns> columns_of(clickhouse::Client& client, const std::string& table) {
  auto answer = client.select("SELECT name, type FROM system.columns WHERE database = " + clickhouse::quote_string(client.endpoint().database) +
                                  " AND table = " + clickhouse::quote_string(table),
                              "TabSeparated");
  if (!answer) return std::unexpected(answer.error());
  std::map<std::string, std::string> types;
  for (const auto& row : clickhouse::parse_tab_separated(*answer))
    if (row.size() == 2) types[row[0]] = row[1];
  if (types.empty()) return permanent("there is no table " + client.endpoint().database + "." + table);
  if (!types.contains("_partition") || !types.contains("_offset") || !types.contains("_topic"))
    return permanent(table + " has no _topic, _partition and _offset: it isn't a table of this pipeline");
  Columns columns;
  if (const auto found = types.find("event_id"); found != types.end()) {
    columns.event_id = true;
    columns.event_id_is_uuid = found->second.find("UUID") != std::string::npos;
    columns.select += columns.event_id_is_uuid ? ", assumeNotNull(event_id)" : ", ifNull(toString(event_id), '')";
  }
  for (const char* name : {"tenant", "tenant_id"}) {
    if (columns.tenant || !types.contains(name)) continue;
    columns.tenant = true;
    columns.select += std::string(", ifNull(toString(") + name + "), '')";
  }
  if (const auto found = types.find("amount");
      found != types.end() && (found->second.find("Decimal") != std::string::npos || found->second.find("Int") != std::string::npos)) {
    columns.amount = true;
    columns.select += ", isNull(amount), toDecimal128(ifNull(amount, 0), 18)";
  }
  return columns;
}

// One row if all of it is there.
bool read_row(clickhouse::RowBinaryReader& reader, const Columns& columns, int32_t& partition, Row& row) {
  partition = reader.number<int32_t>();
  row.offset = reader.number<int64_t>();
  Identity& identity = row.identity;
  if (columns.event_id) {
    identity.event_id = columns.event_id_is_uuid ? reader.uuid() : identity_of_text(reader.string());
    identity.has_event_id = true;
  }
  if (columns.tenant) identity.tenant = hash_of(reader.string()), identity.has_tenant = true;
  if (columns.amount) {
    identity.has_amount = !reader.null();
    const auto amount = reader.number<__int128>();
    identity.amount = identity.has_amount ? identity_of_amount(amount) : 0;
  }
  return !reader.failed();
}

}  // namespace

Result<Rows> read_rows(const clickhouse::Endpoint& endpoint, const std::string& table, const std::string& topic) {
  clickhouse::Client client(endpoint);
  auto columns = columns_of(client, table);
  if (!columns) return std::unexpected(columns.error());
  Rows rows;
  std::string rest;  // a row that was cut by the end of a piece
  const auto take = [&](std::string_view piece) {
    if (!rest.empty()) rest.append(piece), piece = rest;
    clickhouse::RowBinaryReader reader(piece);
    std::string tail;
    while (!reader.at_end()) {
      const size_t mark = reader.mark();
      int32_t partition = 0;
      Row row;
      if (!read_row(reader, *columns, partition, row)) {
        reader.rewind(mark);
        tail = reader.rest();
        break;
      }
      rows[partition].push_back(row);
    }
    rest = std::move(tail);
    return true;
  };
  auto done = client.select_stream("SELECT " + columns->select + " FROM " + clickhouse::quote_identifier(endpoint.database) + "." +
                                       clickhouse::quote_identifier(table) + " WHERE _topic = " + clickhouse::quote_string(topic),
                                   "RowBinary", take);
  if (!done) return std::unexpected(done.error());
  if (!rest.empty()) return transient(table + ": the answer ends inside a row");
  for (auto& [partition, list] : rows) std::ranges::sort(list, {}, &Row::offset);
  return rows;
}

Result<LeftOutRanges> read_left_out(const clickhouse::Endpoint& endpoint, const std::string& topic) {
  clickhouse::Client client(endpoint);
  const auto body = client.select("SELECT _partition, begin, end, left_out FROM " + clickhouse::quote_identifier(endpoint.database) + "." +
                                      clickhouse::kLeftOutTable + " WHERE _topic = " + clickhouse::quote_string(topic) + " ORDER BY _partition, begin",
                                  "RowBinary");
  LeftOutRanges ranges;
  if (!body && clickhouse::trouble_of(body.error()) == clickhouse::Trouble::kMissingTable) return ranges;
  if (!body) return std::unexpected(body.error());
  clickhouse::RowBinaryReader reader(*body);
  while (!reader.at_end()) {
    const auto partition = reader.number<int32_t>();
    LeftOut range;
    range.begin = reader.number<int64_t>(), range.end = reader.number<int64_t>(), range.records = reader.number<uint32_t>();
    if (reader.failed()) return transient(std::string(clickhouse::kLeftOutTable) + ": the answer is cut short");
    ranges[partition].push_back(range);
  }
  return ranges;
}

}  // namespace millrace::audit

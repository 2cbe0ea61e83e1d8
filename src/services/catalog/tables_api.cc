// The paths below /v1/tables.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/catalog/api.h"
#include "services/catalog/table_upload.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using nlohmann::ordered_json;

bool is_table_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == name.npos;
}

ordered_json described(const std::string& name, const TableSource& table) {
  ordered_json columns = ordered_json::array();
  for (const TableColumn& column : table.definition.columns) columns.push_back({{"name", column.name}, {"type", type_text(column.type)}});
  return {{"table", name},      {"version", table.version}, {"content_hash", to_string(table.content_hash)},
          {"rows", table.rows}, {"bytes", table.bytes},     {"key", table.definition.key},
          {"columns", columns}};
}

TableFormat format_of(const Call& call) {
  if (call.content_type.find("json") != std::string::npos) return TableFormat::kJson;
  if (call.content_type.find("csv") != std::string::npos) return TableFormat::kCsv;
  // What curl says by itself is no statement about the body.
  const size_t first = call.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (call.body[first] == '[' || call.body[first] == '{') ? TableFormat::kJson : TableFormat::kCsv;
}

}  // namespace

Api::Result Api::tables(const Call&) {
  return store_.read([&](const CatalogState& state) -> Result {
    const auto contents = state.current();
    if (!contents) return std::unexpected(Refusal{500, contents.error()});
    ordered_json out = ordered_json::array();
    for (const auto& [name, table] : (*contents)->tables) out.push_back(described(name, *table));
    return Answer{200, out.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
  });
}

Api::Result Api::get_table(const Call& call) {
  std::shared_ptr<const std::string> rows;
  TableSource table;
  const auto failed = store_.read([&](const CatalogState& state) -> std::optional<Refusal> {
    const Change* newest = state.newest(EntryKind::kTable, call.pieces[0]);
    if (!newest || newest->removes()) return Refusal{404, "there is no table '" + call.pieces[0] + "'"};
    table = *newest->table;
    rows = state.rows(table);
    if (!rows) return Refusal{500, "chunks of the table are missing in the topic"};
    return std::nullopt;
  });
  if (failed) return std::unexpected(*failed);
  const bool as_json = call.parameter("format") == "json" || (!call.parameter("format") && call.accept.find("json") != std::string::npos);
  Answer out = as_json ? Answer{200, table_json(table.definition, *rows)} : Answer{200, *rows, "text/csv; charset=utf-8"};
  out.headers = {{"ETag", etag(table.content_hash)}, {"Millrace-Version", std::to_string(table.version)}};
  return out;
}

Api::Result Api::put_table(const Call& call) {
  const std::string& name = call.pieces[0];
  if (!is_table_name(name)) return std::unexpected(Refusal{400, "'" + name + "' is no name of a table: letters, digits, '_', '-' and '.' are, up to 64"});
  auto upload = begun(call, EntryKind::kTable, name);
  if (!upload) return std::unexpected(upload.error());
  TableOptions options;
  options.key = call.parameter("key");
  auto types = read_types(call.parameter("types").value_or(""));
  if (!types) return std::unexpected(types.error());
  options.types = std::move(*types);
  std::optional<TableDefinition> before;
  if (auto refusal = store_.read([&](const CatalogState& state) {
        const Change* newest = state.newest(EntryKind::kTable, name);
        if (newest && newest->table) before = newest->table->definition;
        return refused(upload->precondition, newest, what_is(EntryKind::kTable, name));
      }))
    return std::unexpected(std::move(*refusal));
  if (before) options.before = &*before;
  auto table = [&]() -> Decided<std::shared_ptr<const TableSource>> {
    const auto raw = read_raw_table(call.body, format_of(call), name);
    if (!raw) return std::unexpected(raw.error());
    return make_table(*raw, options, name);
  }();
  if (!table) return std::unexpected(table.error());
  upload->table = std::move(*table);
  return publish(call, *upload);
}

Api::Result Api::delete_table(const Call& call) {
  auto upload = begun(call, EntryKind::kTable, call.pieces[0]);
  if (!upload) return std::unexpected(upload.error());
  return publish(call, *upload);
}

}  // namespace millrace::catalog

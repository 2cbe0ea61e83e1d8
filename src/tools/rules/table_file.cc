#include "tools/rules/table_file.h"

#include <algorithm>

#include "catalog_topic/table_rows.h"
#include "tools/rules/text_file.h"

namespace millrace::rules_tools {
namespace {

using catalog_topic::CsvField;
using catalog_topic::TableDefinition;
using rules::TypeKind;

std::string without_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

TableDefinition definition_of(const catalog::RawTable& table) {
  TableDefinition definition{table.columns.front(), {}};
  for (size_t i = 0; i < table.columns.size(); ++i) {
    rules::Type type = catalog::infer(table, i);
    if (i == 0 && !type.is(TypeKind::kInt)) type = rules::simple(TypeKind::kString);
    definition.columns.push_back({table.columns[i], type});
  }
  return definition;
}

Result<std::shared_ptr<const rules::ReferenceRows>> rows_of(const catalog::RawTable& table, const TableDefinition& definition) {
  columns::Block rows(catalog_topic::columns_of(definition));
  std::vector<size_t> places;  // of each column in the rows
  for (const auto& column : definition.columns) places.push_back(static_cast<size_t>(std::ranges::find(table.columns, column.name) - table.columns.begin()));
  for (const std::string& name : table.columns)
    if (definition.find(name) == nullptr) return permanent("there is no column '" + name + "'");
  for (const catalog::RawTable::Row& row : table.rows) {
    for (size_t i = 0; i < places.size(); ++i) {
      const CsvField field = places[i] < row.fields.size() ? row.fields[places[i]] : CsvField{};
      if (const auto what = catalog_topic::append_value(rows.column(i), field); !what.empty())
        return permanent(std::to_string(row.line) + ": " + definition.columns[i].name + ": " + what);
    }
    rows.end_row();
  }
  return rules::ReferenceRows::make(std::move(rows), definition.key_column());
}

Result<std::vector<Table>> read_tables(std::span<const std::string> arguments) {
  std::vector<Table> tables;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == 0 || equals == argument.npos) return permanent("--table " + argument + ": name=file.csv is wanted");
    const std::string name = argument.substr(0, equals), path = argument.substr(equals + 1);
    if (std::ranges::find(tables, name, &Table::name) != tables.end()) return permanent("--table " + argument + ": there is a table '" + name + "' already");
    const auto text = text_of_file(path);
    if (!text) return std::unexpected(text.error());
    const auto raw = catalog::read_raw_table(*text, catalog::TableFormat::kCsv, path);
    const auto source = raw ? catalog::make_table(*raw, {}, path) : std::unexpected(raw.error());
    if (!source) return permanent(source.error().text.empty() ? path + ": " + source.error().message : without_end(source.error().text));
    auto block = catalog_topic::read_rows((*source)->definition, *(*source)->text);
    if (!block) return permanent(path + ": " + block.error().message);
    auto rows = rules::ReferenceRows::make(std::move(*block), (*source)->definition.key_column());
    if (!rows) return permanent(path + ": " + rows.error().message);
    Table table{name, (*source)->definition, std::move(*rows)};
    tables.push_back(std::move(table));
  }
  std::ranges::sort(tables, {}, &Table::name);
  return tables;
}

}  // namespace millrace::rules_tools

#include "catalog_topic/table_definition.h"

#include <algorithm>
#include <charconv>

#include "base/result.h"

namespace millrace::catalog_topic {

using rules::TypeKind;

const TableColumn* TableDefinition::find(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &TableColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

size_t TableDefinition::key_column() const {
  const TableColumn* column = find(key);
  MILLRACE_CHECK(column != nullptr, "a table without its key");
  return static_cast<size_t>(column - columns.data());
}

std::string type_text(const rules::Type& type) {
  switch (type.kind) {
    case TypeKind::kInt: return "int";
    case TypeKind::kBool: return "bool";
    case TypeKind::kString: return "string";
    case TypeKind::kDecimal: return "decimal(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    default: MILLRACE_CHECK(false, "no type of a reference table");
  }
  return {};
}

std::optional<rules::Type> parse_table_type(std::string_view text) {
  if (text == "int") return rules::simple(TypeKind::kInt);
  if (text == "bool") return rules::simple(TypeKind::kBool);
  if (text == "string") return rules::simple(TypeKind::kString);
  if (!text.starts_with("decimal(") || !text.ends_with(')')) return std::nullopt;
  const char* at = text.data() + 8;
  const char* const end = text.data() + text.size() - 1;
  uint32_t precision = 0, scale = 0;
  const auto digits = std::from_chars(at, end, precision);
  if (digits.ec != std::errc() || digits.ptr == end || *digits.ptr != ',') return std::nullopt;
  at = digits.ptr + 1;
  while (at != end && *at == ' ') ++at;
  const auto behind = std::from_chars(at, end, scale);
  if (behind.ec != std::errc() || behind.ptr != end || precision == 0 || precision > rules::kDecimalDigitsMax || scale > precision) return std::nullopt;
  return rules::decimal(precision, scale);
}

std::vector<columns::NamedType> columns_of(const TableDefinition& table) {
  std::vector<columns::NamedType> out;
  for (const TableColumn& column : table.columns) {
    columns::Type type = columns::simple(columns::Kind::kString);
    if (column.type.is(TypeKind::kInt)) type = columns::simple(columns::Kind::kInt64);
    if (column.type.is(TypeKind::kBool)) type = columns::simple(columns::Kind::kBool);
    if (column.type.is(TypeKind::kDecimal)) type = columns::decimal(column.type.precision, column.type.scale);
    out.push_back({column.name, column.name == table.key ? type : columns::nullable(type)});
  }
  return out;
}

rules::ReferenceTable reference_table(const std::string& name, const TableDefinition& table) {
  return {name, table.columns[table.key_column()].type, rules::record_of(name, columns_of(table))};
}

}  // namespace millrace::catalog_topic

#include "catalog_topic/table_rows.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "rules/diagnostic.h"

namespace millrace::catalog_topic {
namespace {

using columns::Column;
using columns::Kind;

std::string no(const char* type, std::string_view text) { return "'" + rules::excerpt(text) + "' is no " + type; }

std::string append_decimal(Column& column, std::string_view text) {
  const columns::Type& type = column.type();
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const size_t point = std::min(rest.find('.'), rest.size());
  std::string_view whole = rest.substr(0, point), behind = rest.substr(std::min(point + 1, rest.size()));
  if (whole.empty() || (point < rest.size() && behind.empty()) || whole.find_first_not_of("0123456789") != whole.npos ||
      behind.find_first_not_of("0123456789") != behind.npos)
    return no("decimal", text);
  while (behind.size() > type.scale && behind.ends_with('0')) behind.remove_suffix(1);
  while (!whole.empty() && whole.front() == '0') whole.remove_prefix(1);
  if (behind.size() > type.scale || whole.size() + type.scale > type.precision)
    return "'" + rules::excerpt(text) + "' doesn't fit decimal(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
  __int128 value = 0;
  for (const std::string_view part : {whole, behind})
    for (const char c : part) value = value * 10 + (c - '0');
  for (size_t i = behind.size(); i < type.scale; ++i) value *= 10;
  if (negative) value = -value;
  if (column.width() == 4) column.append(static_cast<int32_t>(value));
  if (column.width() == 8) column.append(static_cast<int64_t>(value));
  if (column.width() == 16) column.append(value);
  return {};
}

std::string decimal_text(const Column& column, size_t row) {
  const __int128 value = column.width() == 4 ? column.value<int32_t>(row) : column.width() == 8 ? column.value<int64_t>(row) : column.value<__int128>(row);
  auto rest = static_cast<unsigned __int128>(value < 0 ? -value : value);
  std::string out;  // from the last digit to the first
  for (uint32_t digits = 0; rest != 0 || digits <= column.type().scale; rest /= 10, ++digits) {
    if (digits == column.type().scale && digits > 0) out += '.';
    out += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  if (value < 0) out += '-';
  std::ranges::reverse(out);
  return out;
}

}  // namespace

std::string append_value(Column& column, const CsvField& field) {
  if (column.type().kind == Kind::kNullable) {
    if (field.is_null()) {
      column.append_null();
      return {};
    }
    if (auto wrong = append_value(column.child(0), field); !wrong.empty()) return wrong;
    column.append_not_null();
    return {};
  }
  if (field.is_null()) return "a key can't be empty";
  const std::string& text = field.text;
  switch (column.type().kind) {
    case Kind::kInt64: {
      int64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size()) return no("int", text);
      column.append(value);
      return {};
    }
    case Kind::kBool:
      if (text != "true" && text != "false") return no("bool (true or false)", text);
      column.append<uint8_t>(text == "true");
      return {};
    case Kind::kString: column.append_text(text); return {};
    default: return append_decimal(column, text);
  }
}

CsvField value_of(const Column& column, size_t row) {
  switch (column.type().kind) {
    case Kind::kNullable: return column.is_null(row) ? CsvField{} : value_of(column.child(0), row);
    case Kind::kInt64: return {std::to_string(column.value<int64_t>(row)), false};
    case Kind::kBool: return {column.value<uint8_t>(row) ? "true" : "false", false};
    case Kind::kString: return {std::string(column.text(row)), true};
    default: return {decimal_text(column, row), false};
  }
}

Result<columns::Block> read_rows(const TableDefinition& table, std::string_view text) {
  columns::Block rows(columns_of(table));
  CsvReader reader(text);
  std::vector<CsvField> fields;
  const auto wrong = [&](const std::string& what) { return permanent("line " + std::to_string(reader.line()) + ": " + what); };
  if (!reader.next(fields) || !std::ranges::equal(fields, table.columns, {}, &CsvField::text, &TableColumn::name))
    return wrong("the columns' names aren't those of the table");
  while (reader.next(fields)) {
    if (fields.size() != table.columns.size()) return wrong(std::to_string(fields.size()) + " fields for " + std::to_string(table.columns.size()) + " columns");
    for (size_t i = 0; i < fields.size(); ++i)
      if (const auto what = append_value(rows.column(i), fields[i]); !what.empty()) return wrong("column " + table.columns[i].name + ": " + what);
    rows.end_row();
  }
  if (!reader.error().empty()) return wrong(reader.error());
  return rows;
}

std::string rows_text(const TableDefinition& table, const columns::Block& rows) {
  std::vector<uint32_t> order(rows.rows());
  std::iota(order.begin(), order.end(), 0u);
  const Column& key = rows.column(table.key_column());
  if (key.type().kind == Kind::kInt64)
    std::ranges::sort(order, {}, [&](uint32_t row) { return key.value<int64_t>(row); });
  else
    std::ranges::sort(order, {}, [&](uint32_t row) { return key.text(row); });
  std::string out;
  for (const TableColumn& column : table.columns) {
    if (!out.empty()) out += ',';
    append_csv_field(out, column.name);
  }
  out += '\n';
  for (const uint32_t row : order) {
    for (size_t i = 0; i < rows.column_count(); ++i) {
      if (i > 0) out += ',';
      if (const CsvField field = value_of(rows.column(i), row); !field.is_null()) append_csv_field(out, field.text);
    }
    out += '\n';
  }
  return out;
}

ContentHash table_hash(const TableDefinition& table, std::string_view rows) {
  std::string definition = table.key;
  for (const TableColumn& column : table.columns) definition += "\n" + column.name + " " + type_text(column.type);
  // Hashed apart, so that 32 MB needn't be copied to be hashed in one piece.
  return content_hash(definition + "\n\n" + to_string(content_hash(rows)));
}

}  // namespace millrace::catalog_topic

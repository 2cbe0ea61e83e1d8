#include "services/catalog/table_upload.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "catalog_topic/change.h"
#include "catalog_topic/table_rows.h"
#include "rules/diagnostic.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using rules::TypeKind;

constexpr uint32_t kDigits = 18;  // of a decimal whose digits nobody told: what 64 bits hold

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && name.size() <= 64 && letter(name.front()) && std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

struct NumberForm {
  bool is_number = false;
  size_t whole = 0, behind = 0;  // digits in front of the point and behind it
};
NumberForm number_form(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point), behind = point == text.npos ? "" : text.substr(point + 1);
  const auto digits = [](std::string_view part) { return !part.empty() && part.find_first_not_of("0123456789") == part.npos; };
  if (!digits(whole) || (point != text.npos && !digits(behind)) || (whole.size() > 1 && whole.front() == '0')) return {};
  return {true, whole == "0" ? 0 : whole.size(), behind.size()};
}

bool is_int(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool all_fit(const RawTable& raw, size_t column, const rules::Type& type, bool is_key) {
  const TableDefinition one{is_key ? "x" : "", {{"x", type}}};
  columns::Column probe(columns_of(one).front().type);
  return std::ranges::all_of(raw.rows, [&](const RawTable::Row& row) {
    return column >= row.fields.size() || (row.fields[column].is_null() && !is_key) || append_value(probe, row.fields[column]).empty();
  });
}

struct Errors {
  std::vector<UploadError> list;
  size_t more = 0;
  void add(const RawTable& raw, uint32_t line, std::string message) {
    if (list.size() >= kTableErrorsMax) {
      ++more;
    } else if (raw.quotes_are_texts && line > 0) {
      list.push_back({0, 0, "row " + std::to_string(line) + ": " + message});
    } else {
      list.push_back({line, 0, std::move(message)});
    }
  }
  Refusal refusal(const std::string& name) {
    if (more > 0) list.push_back({0, 0, "and " + std::to_string(more) + " more errors"});
    return wrong_upload(std::move(list), name);
  }
};

TableDefinition define(const RawTable& raw, const TableOptions& options, Errors& errors) {
  TableDefinition table;
  const uint32_t head = raw.quotes_are_texts ? 0 : 1;
  if (raw.columns.empty()) {
    errors.add(raw, 0, "there are no columns: a table begins with a line of their names");
    return table;
  }
  if (raw.columns.size() > kTableColumnsMax) errors.add(raw, head, "more than " + std::to_string(kTableColumnsMax) + " columns");
  for (size_t i = 0; i < raw.columns.size(); ++i) {
    const std::string& column = raw.columns[i];
    if (!is_name(column)) errors.add(raw, head, "'" + rules::excerpt(column) + "' is no name of a column: letters, digits and _ are, up to 64");
    if (std::find(raw.columns.begin(), raw.columns.begin() + static_cast<ptrdiff_t>(i), column) != raw.columns.begin() + static_cast<ptrdiff_t>(i))
      errors.add(raw, head, "the column '" + rules::excerpt(column) + "' is there twice");
  }
  const std::vector<std::string_view> names(raw.columns.begin(), raw.columns.end());
  const auto known = [&](const std::string& name) { return std::ranges::find(raw.columns, name) != raw.columns.end(); };
  if (options.key && !known(*options.key))
    errors.add(raw, head, "the key: there is no column '" + *options.key + "'" + rules::did_you_mean(*options.key, names));
  for (const auto& [name, type] : options.types)
    if (!known(name)) errors.add(raw, head, "the types: there is no column '" + name + "'" + rules::did_you_mean(name, names));
  if (!errors.list.empty()) return table;

  table.key = options.key ? *options.key : options.before && known(options.before->key) ? options.before->key : raw.columns.front();
  for (size_t i = 0; i < raw.columns.size(); ++i) {
    const std::string& name = raw.columns[i];
    const bool is_key = name == table.key;
    const TableColumn* before = options.before ? options.before->find(name) : nullptr;
    rules::Type type;
    if (const auto given = options.types.find(name); given != options.types.end()) {
      type = given->second;
      if (is_key && !type.is(TypeKind::kInt) && !type.is(TypeKind::kString))
        errors.add(raw, head, "the key '" + name + "' is an int or a string, and no " + type_text(type));
    } else if (before && (!is_key || before->type.is(TypeKind::kInt) || before->type.is(TypeKind::kString)) && all_fit(raw, i, before->type, is_key)) {
      type = before->type;
    } else {
      type = infer(raw, i);
      if (is_key && !type.is(TypeKind::kInt)) type = rules::simple(TypeKind::kString);
    }
    table.columns.push_back({name, type});
  }
  return table;
}

columns::Block fill(const RawTable& raw, const TableDefinition& table, Errors& errors) {
  columns::Block rows(columns_of(table));
  const size_t key = table.key_column();
  std::unordered_map<std::string_view, uint32_t> keys;
  for (const RawTable::Row& row : raw.rows) {
    if (row.fields.size() != table.columns.size()) {
      errors.add(raw, row.line, std::to_string(row.fields.size()) + " fields for " + std::to_string(table.columns.size()) + " columns");
      continue;
    }
    for (size_t i = 0; i < row.fields.size(); ++i)
      if (const auto what = append_value(rows.column(i), row.fields[i]); !what.empty()) errors.add(raw, row.line, table.columns[i].name + ": " + what);
    if (const auto [first, is_new] = keys.emplace(row.fields[key].text, row.line); !is_new && !row.fields[key].is_null())
      errors.add(
          raw, row.line,
          "the key '" + rules::excerpt(row.fields[key].text) + "' is already in " + (raw.quotes_are_texts ? "row " : "line ") + std::to_string(first->second));
    rows.end_row();
  }
  return rows;
}

}  // namespace

Decided<std::map<std::string, rules::Type>> read_types(std::string_view text) {
  std::map<std::string, rules::Type> out;
  const std::string_view whole = text;
  while (!text.empty()) {
    size_t end = 0;
    for (int depth = 0; end < text.size() && (text[end] != ',' || depth > 0); ++end) depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
    const std::string_view one = text.substr(0, end);
    const size_t colon = one.find(':');
    const auto type = colon == one.npos ? std::nullopt : parse_table_type(one.substr(colon + 1));
    if (!type)
      return std::unexpected(
          Refusal{400, "types=" + std::string(whole) + ": '" + std::string(one) + "' isn't column:type, with a type of int, bool, string, decimal(10,2)"});
    out[std::string(one.substr(0, colon))] = *type;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

rules::Type infer(const RawTable& raw, size_t column) {
  bool any = false, ints = true, decimals = true, bools = true;
  size_t whole = 0, behind = 0;
  for (const RawTable::Row& row : raw.rows) {
    if (column >= row.fields.size() || row.fields[column].text.empty()) continue;
    const CsvField& field = row.fields[column];
    any = true;
    if (raw.quotes_are_texts && field.quoted) return rules::simple(TypeKind::kString);
    const NumberForm form = number_form(field.text);
    whole = std::max(whole, form.whole), behind = std::max(behind, form.behind);
    ints = ints && form.is_number && is_int(field.text);
    decimals = decimals && form.is_number;
    bools = bools && (field.text == "true" || field.text == "false");
  }
  if (any && ints) return rules::simple(TypeKind::kInt);
  if (any && bools) return rules::simple(TypeKind::kBool);
  if (any && decimals && behind > 0 && whole + behind <= rules::kDecimalDigitsMax)
    return rules::decimal(static_cast<uint32_t>(std::max<size_t>(kDigits, whole + behind)), static_cast<uint32_t>(behind));
  return rules::simple(TypeKind::kString);
}

Decided<std::shared_ptr<const TableSource>> make_table(const RawTable& raw, const TableOptions& options, const std::string& name) {
  Errors errors;
  auto source = std::make_shared<TableSource>();
  source->definition = define(raw, options, errors);
  if (!errors.list.empty()) return std::unexpected(errors.refusal(name));
  const columns::Block rows = fill(raw, source->definition, errors);
  if (!errors.list.empty()) return std::unexpected(errors.refusal(name));
  source->text = std::make_shared<const std::string>(rows_text(source->definition, rows));
  source->content_hash = table_hash(source->definition, *source->text);
  source->rows = rows.rows();
  source->bytes = source->text->size();
  source->chunks = chunks_of(source->text->size());
  return source;
}

std::string table_json(const TableDefinition& table, std::string_view rows) {
  CsvReader reader(rows);
  std::vector<CsvField> fields;
  std::string out = "[";
  reader.next(fields);
  while (reader.next(fields)) {
    out += out.size() > 1 ? ",\n{" : "{";
    for (size_t i = 0; i < fields.size(); ++i) {
      out += (i > 0 ? "," : "") + nlohmann::json(table.columns[i].name).dump() + ":";
      if (fields[i].is_null())
        out += "null";
      else
        out += table.columns[i].type.is(TypeKind::kString) ? nlohmann::json(fields[i].text).dump() : fields[i].text;
    }
    out += "}";
  }
  return out + "]\n";
}

}  // namespace millrace::catalog

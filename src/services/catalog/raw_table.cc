// Reading uploads of tables, CSV and JSON, into fields.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "avro/utf8.h"
#include "services/catalog/table_upload.h"

namespace millrace::catalog {
namespace {

using catalog_topic::CsvField;
using nlohmann::json;

// An array of flat objects. Numbers are taken as they are written: a decimal never becomes a double.
class JsonRows final : public nlohmann::json_sax<json> {
 public:
  explicit JsonRows(RawTable& table) : table_(table) { table.quotes_are_texts = true; }
  std::string error;

  bool null() override { return value({}); }
  bool boolean(bool v) override { return value({v ? "true" : "false", false}); }
  bool number_integer(int64_t v) override { return value({std::to_string(v), false}); }
  bool number_unsigned(uint64_t v) override { return value({std::to_string(v), false}); }
  bool number_float(double, const std::string& text) override { return value({text, false}); }
  bool string(std::string& v) override { return value({std::move(v), true}); }
  bool binary(json::binary_t&) override { return false; }
  bool start_array(size_t) override {
    if (depth_ == 1) return value({});  // says what is wanted
    return depth_++ == 0 ? true : nested();
  }
  bool end_array() override { return true; }
  bool start_object(size_t) override {
    if (depth_ == 0) return wanted();
    if (depth_ != 1) return nested();
    if (table_.rows.size() == kTableRowsMax) return fail("more than " + std::to_string(kTableRowsMax) + " rows");
    table_.rows.push_back({static_cast<uint32_t>(table_.rows.size() + 1), std::vector<CsvField>(table_.columns.size())});
    seen_.assign(table_.columns.size(), false);
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool key(std::string& name) override {
    const auto found = std::ranges::find(table_.columns, name);
    column_ = static_cast<size_t>(found - table_.columns.begin());
    if (found == table_.columns.end()) {
      if (table_.columns.size() == kTableColumnsMax) return fail("more than " + std::to_string(kTableColumnsMax) + " columns");
      table_.columns.push_back(name);
      table_.rows.back().fields.emplace_back();
      seen_.push_back(false);
    }
    if (seen_[column_]) return fail("row " + std::to_string(table_.rows.size()) + " has '" + name + "' twice");
    seen_[column_] = true;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const json::exception& e) override {
    return fail("no JSON, at byte " + std::to_string(position) + ": " + e.what());
  }

 private:
  bool fail(std::string why) {
    error = std::move(why);
    return false;
  }
  bool wanted() { return fail(R"(an array of objects is wanted: [{"id": "basic", "price": 10.50}, …])"); }
  bool nested() { return fail("row " + std::to_string(table_.rows.size()) + ": a field holds a number, a text, true, false or null, and nothing nested"); }
  bool value(CsvField field) {
    if (depth_ != 2) return wanted();
    table_.rows.back().fields[column_] = std::move(field);
    return true;
  }

  RawTable& table_;
  int depth_ = 0;  // 1: in the array, 2: in an object
  size_t column_ = 0;
  std::vector<bool> seen_;
};

Decided<RawTable> read_json(std::string_view body, const std::string& name) {
  RawTable table;
  JsonRows rows(table);
  if (!json::sax_parse(body, &rows)) return std::unexpected(wrong_upload({{0, 0, rows.error}}, name));
  for (auto& row : table.rows) row.fields.resize(table.columns.size());  // a column that came up later is null in the rows before
  return table;
}

Decided<RawTable> read_csv(std::string_view body, const std::string& name) {
  RawTable table;
  catalog_topic::CsvReader reader(body);
  std::vector<CsvField> row;
  if (reader.next(row))
    for (CsvField& field : row) table.columns.push_back(std::move(field.text));
  while (reader.next(row)) {
    if (table.rows.size() == kTableRowsMax)
      return std::unexpected(wrong_upload({{reader.line(), 0, "more than " + std::to_string(kTableRowsMax) + " rows"}}, name));
    table.rows.push_back({reader.line(), std::move(row)});
  }
  if (!reader.error().empty()) return std::unexpected(wrong_upload({{reader.line(), 0, reader.error()}}, name));
  return table;
}

}  // namespace

Decided<RawTable> read_raw_table(std::string_view body, TableFormat format, const std::string& name) {
  if (!avro::valid_utf8(reinterpret_cast<const uint8_t*>(body.data()), body.size())) return std::unexpected(Refusal{400, "the table isn't UTF-8"});
  return format == TableFormat::kJson ? read_json(body, name) : read_csv(body, name);
}

}  // namespace millrace::catalog

#pragma once
// A reference table as somebody sent it, made into the one form that the topic has.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catalog_topic/catalog_contents.h"
#include "catalog_topic/csv.h"
#include "services/catalog/upload.h"

namespace millrace::catalog {

inline constexpr size_t kTableBytesMax = 32u << 20;
inline constexpr size_t kTableRowsMax = 100'000;
inline constexpr size_t kTableColumnsMax = 200;
inline constexpr size_t kTableErrorsMax = 20;

// Fields of an upload, before anybody knows their types. A quoted one is a text for JSON; CSV writers put numbers in quotes too.
struct RawTable {
  struct Row {
    uint32_t line = 0;  // JSON: the number of the row, from 1
    std::vector<catalog_topic::CsvField> fields;
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;
  bool quotes_are_texts = false;
};
enum class TableFormat { kCsv, kJson };

Decided<RawTable> read_raw_table(std::string_view body, TableFormat format, const std::string& name);

struct TableOptions {
  std::optional<std::string> key;                          // else that of `before`, else the first column
  std::map<std::string, rules::Type> types;                // else that of `before` if all values fit, else by the values
  const catalog_topic::TableDefinition* before = nullptr;  // what the table is now
};
// "a:int,b:decimal(10,2)"
Decided<std::map<std::string, rules::Type>> read_types(std::string_view text);

// int, decimal, bool, string: the first that all values of the column have. What begins with a needless 0 is a string; a decimal has 18
// digits, or as many as it takes.
rules::Type infer(const RawTable& table, size_t column);

// The first twenty errors at once: rows of another length, values of another type, keys that stand twice.
Decided<std::shared_ptr<const catalog_topic::TableSource>> make_table(const RawTable& raw, const TableOptions& options, const std::string& name);

// [{"id": "basic", "price": 10.00}, …]
std::string table_json(const catalog_topic::TableDefinition& table, std::string_view rows);

}  // namespace millrace::catalog

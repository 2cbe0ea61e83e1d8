#pragma once
// What a reference table looks like: which column is the key, and what the columns hold.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columns/block.h"
#include "rules/environment.h"

namespace millrace::catalog_topic {

struct TableColumn {
  std::string name;
  rules::Type type;  // int, decimal, bool or string; whether null stands there isn't part of it
  bool operator==(const TableColumn&) const = default;
};

struct TableDefinition {
  std::string key;  // the name of an int or string column, never null; the others may be null
  std::vector<TableColumn> columns;
  bool operator==(const TableDefinition&) const = default;

  const TableColumn* find(std::string_view column) const;
  size_t key_column() const;
};

// "int", "bool", "string", "decimal(10,2)": as the records and the service have it.
std::string type_text(const rules::Type& type);
std::optional<rules::Type> parse_table_type(std::string_view text);

// Int64, Bool, String, Decimal(p, s); Nullable but for the key. What a block of the table's rows has.
std::vector<columns::NamedType> columns_of(const TableDefinition& table);
// As the checker of rules wants it.
rules::ReferenceTable reference_table(const std::string& name, const TableDefinition& table);

}  // namespace millrace::catalog_topic

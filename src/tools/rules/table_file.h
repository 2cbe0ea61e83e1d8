#pragma once
// Reference tables from CSV files, as the catalog would take them, and from the rows that a test has.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog_topic/table_definition.h"
#include "rules/kernels/reference_rows.h"
#include "services/catalog/table_upload.h"

namespace millrace::rules_tools {

struct Table {
  std::string name;
  catalog_topic::TableDefinition definition;
  std::shared_ptr<const rules::ReferenceRows> rows;
};

// The types as the catalog infers them; the key, the first column, is int or string.
catalog_topic::TableDefinition definition_of(const catalog::RawTable& table);
// Columns by name; those that the rows don't have are null.
Result<std::shared_ptr<const rules::ReferenceRows>> rows_of(const catalog::RawTable& table, const catalog_topic::TableDefinition& definition);

// "name=file.csv" each. The error has all that is wrong in the first table that isn't right.
Result<std::vector<Table>> read_tables(std::span<const std::string> arguments);

}  // namespace millrace::rules_tools

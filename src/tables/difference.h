#pragma once
// What it takes to make a table that exists the one that the protocol needs, or why it can't be. Pure: no I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tables/definition.h"

namespace millrace::tables {

// As system.tables, system.columns, system.data_skipping_indices and system.row_policies describe it.
struct ExistingTable {
  struct Column {
    std::string name, type, default_kind, default_expression;
  };
  struct Index {
    std::string name, expression, type;
    uint64_t granularity = 0;
  };
  std::string engine, engine_full, create_query, partition_key;
  std::vector<Column> columns;
  std::vector<Index> indices;
  std::vector<std::string> row_policies;
  std::vector<std::string> dependents;  // materialized views that read it
};

struct Difference {
  std::vector<std::string> statements;  // in the order in which they must run
  std::vector<std::string> refusals;    // what apply doesn't change: nothing is run while there is one
  std::vector<std::string> notes;
};

Difference difference(const TableDefinition& wanted, const std::optional<ExistingTable>& existing);

// Of the Distributed table over it: `existing` is that one.
Difference all_shards_difference(const TableDefinition& wanted, const std::optional<ExistingTable>& existing);

// Only what is missing of wanted.events, put at the end, and only if it still is missing when the statement runs; a type that is another
// one, or a table that isn't there, is refused. Nothing else of the table is looked at.
Difference missing_columns(const TableDefinition& wanted, const std::optional<ExistingTable>& existing);

}  // namespace millrace::tables

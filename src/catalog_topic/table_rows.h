#pragma once
// The rows of a reference table: as the topic has them (a text of one form) and as the rules look things up in them (columns).
//
// The text is CSV: a line with the columns' names, then the rows by key (int by value, string by bytes), LF after each. A null is an
// empty field, an empty text is "", a decimal has all digits of its scale. So equal contents are equal bytes.

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog_topic/content_hash.h"
#include "catalog_topic/csv.h"
#include "catalog_topic/table_definition.h"
#include "columns/block.h"

namespace millrace::catalog_topic {

// Appends the field to a column of columns_of()'s types. Returns what is wrong with it; "" when it was appended.
std::string append_value(columns::Column& column, const CsvField& field);
// The value as the text has it, not yet quoted; null: an empty field without quotes.
CsvField value_of(const columns::Column& column, size_t row);

// A block with the columns of columns_of(table). The error names the line.
Result<columns::Block> read_rows(const TableDefinition& table, std::string_view text);
std::string rows_text(const TableDefinition& table, const columns::Block& rows);

// Of definition and rows; the table's name isn't part of it.
ContentHash table_hash(const TableDefinition& table, std::string_view rows);

}  // namespace millrace::catalog_topic

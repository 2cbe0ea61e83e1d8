#pragma once
// Results as columns: the type that a rule's value has by itself, and how it fits into a column that is there already.

#include <expected>
#include <string>

#include "columns/column.h"
#include "rules/kernels/vector.h"

namespace millrace::rules {

// The ClickHouse type of a new column for values of this type. The error says why there is none: a duration, null, a record.
std::expected<columns::Type, std::string> column_type_of(const Type& type);

// Whether append() can succeed at all; the error names both types. "nullable" is no question here: a null that has no place fails its row.
std::expected<void, std::string> fits(const Type& type, const columns::Type& column);

// Adds one row. The error says what doesn't fit: a null where there is no place for it, an integer out of range, a text that is none of
// the symbols, a decimal or time with more digits than the column has; nothing was appended then. Types are those that fits() lets through.
std::expected<void, std::string> append(const Vector& vector, size_t entry, columns::Column& column);

// Adds a row for each entry of [0, size), where that is a copy: a value's own column, or one that holds all of its kind. False: nothing was
// added, since it isn't so, or an entry has failed.
bool append_all(const Vector& vector, size_t size, columns::Column& column);

}  // namespace millrace::rules

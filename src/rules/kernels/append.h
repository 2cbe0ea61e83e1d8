#pragma once
// Results as columns. rules/column_of.h says which column takes which type.

#include <expected>
#include <string>

#include "columns/column.h"
#include "rules/kernels/vector.h"

namespace millrace::rules {

// Adds one row. The error says what doesn't fit: a null where there is no place for it, an integer out of range, a text that is none of
// the symbols, a decimal or time with more digits than the column has; nothing was appended then. Types are those in which misfit() (rules/column_of.h) finds nothing.
std::expected<void, std::string> append(const Vector& vector, size_t entry, columns::Column& column);

// Adds a row for each entry of [0, size), where that is a copy: a value's own column, or one that holds all of its kind. False: nothing was
// added, since it isn't so, or an entry has failed.
bool append_all(const Vector& vector, size_t size, columns::Column& column);

}  // namespace millrace::rules

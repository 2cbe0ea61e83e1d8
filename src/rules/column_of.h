#pragma once
// Which ClickHouse column holds the values of a type of the rule language, and whether a given one does.

#include <expected>
#include <string>

#include "columns/type.h"
#include "rules/type.h"

namespace millrace::rules {

// The column that is made for a derived field. Nullable(T) whether or not the type is, since rows of other tenants have no such field; Array and
// Map have no null of their own. The error says what to write instead: for durations, records, null, lists of nothing, and lists that may be null.
std::expected<columns::Type, std::string> column_of(const Type& type);

// "" if a column that is there already takes every value of this type, or at least fails its row where one is too large, or isn't one of an enum's symbols; else why it doesn't.
std::string misfit(const Type& type, const columns::Type& column);

}  // namespace millrace::rules

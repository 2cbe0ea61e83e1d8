#pragma once
// A row's values for people and machines. In JSON, what JSON has no numbers for is text: decimals ("12.50"), times (RFC 3339), dates, UUIDs, integers
// beyond 64 bits, NaN; bytes are texts whose characters are bytes, as in Avro's own JSON.

#include <nlohmann/json.hpp>
#include <string>

#include "columns/column.h"
#include "rules/rule_file.h"

namespace millrace::rules_tools {

using Json = nlohmann::ordered_json;

Json value_of(const columns::Column& column, size_t row);
// On one line; what isn't text by its type stands without quotes: 12.50, 2026-01-31.
std::string shown(const Json& value, const columns::Type& type);
// Whether somebody meant this value: numbers and times as such, however many digits they are written with.
bool means(const rules::FileNode& written, const Json& value, const columns::Type& type);

}  // namespace millrace::rules_tools

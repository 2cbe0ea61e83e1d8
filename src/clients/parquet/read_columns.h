#pragma once
// Some columns of a Parquet file, row group by row group.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::parquet {

// The unscaled value; the column's scale stands beside.
__extension__ using Unscaled = __int128;

// A column's values in a row group. Where one is null its place holds anything.
struct Values {
  // What the column holds: nothing (the file has no such column), integers of up to 64 bits, texts, UUIDs, or decimals of up to 38 digits.
  std::variant<std::monostate, std::vector<int64_t>, std::vector<std::string>, std::vector<Uuid>, std::vector<Unscaled>> of;
  int32_t scale = 0;  // of decimals
  std::vector<bool> null;
};

// Calls `take` for each row group with the named columns, in the order of the names, and its number of rows; an error of `take` ends the reading and is returned as it is.
// The error: the file can't be read, or a named column holds values of another type than those of Values. One row group's columns are in memory.
Status read_columns(const std::string& path, std::span<const std::string> names, const std::function<Status(std::span<const Values>, size_t rows)>& take);

}  // namespace millrace::parquet

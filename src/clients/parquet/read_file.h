#pragma once
// What stands in Parquet files: how many rows, and whether two files have the same ones.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace millrace::parquet {

Result<int64_t> row_count(const std::string& path);

// The same columns and the same values in the same order, whatever the row groups, the encodings and the writer. One column of both files at a time is in memory.
Result<bool> same_rows(const std::string& path, const std::string& other_path);

}  // namespace millrace::parquet

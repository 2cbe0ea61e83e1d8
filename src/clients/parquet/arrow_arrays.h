#pragma once
// Columns as Arrow arrays. Private to the room.

#include <arrow/type_fwd.h>

#include <memory>

#include "clients/parquet/arrow_types.h"
#include "columns/column.h"

namespace millrace::parquet {

// The column's rows [first, first + count). Where the layouts agree (numbers, decimals, FixedString, Date32, timestamps in their unit) the array stands on
// the column's memory, which must outlive it; else it is copied, a value 1 to 5 ns. LowCardinality and Enum columns are dictionaries of
// arrow_type()'s type, with only the keys that the rows have, in order of first appearance: so the array is a function of the rows alone.
std::shared_ptr<arrow::Array> arrow_array(const columns::Column& column, size_t first, size_t count, Strings strings);

}  // namespace millrace::parquet

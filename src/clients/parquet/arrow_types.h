#pragma once
// Which Arrow type, and so which Parquet type, a ClickHouse type becomes. Private to the room.

#include <arrow/type_fwd.h>

#include <memory>

#include "columns/type.h"

namespace millrace::parquet {

// String is text or bytes: its type doesn't say. Decimals keep their width, UUID is Parquet's UUID, DateTime is milliseconds and DateTime64 the
// nearest unit that loses nothing, both UTC; (U)Int128 and (U)Int256 are their bytes, least significant first, as ClickHouse's own files have them.
enum class Strings : bool { kText, kBytes };
std::shared_ptr<arrow::DataType> arrow_type(const columns::Type& type, Strings strings);
// The field of a column or of an element: it may be null exactly if NULL has a place in it.
std::shared_ptr<arrow::Field> arrow_field(const std::string& name, const columns::Type& type, Strings strings);

// What a DateTime64's ticks are multiplied with to be ticks of its Arrow unit: 1, 10 or 100.
int64_t ticks_factor(const columns::Type& date_time64);

}  // namespace millrace::parquet

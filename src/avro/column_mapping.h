#pragma once
// Which columns a reader schema has. Records flatten to `a.b`; a union of null and T is Nullable(T); arrays are Array, maps are
// Map(String, T), enums LowCardinality(String) (Avro lets symbols change places, Enum8 would not); decimals, uuid, timestamps and
// date have their ClickHouse types; time-millis is Int32, time-micros Int64, both since midnight; duration is FixedString(12).
// What has no column form (an array or map of records, a union of several types, a recursive record) is JSON text in a String.
//
// NULL has no place in Array and Map: a null there is an empty one. A null record makes its fields NULL.
// A schema that is no record is one column, `value`.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/rejection.h"
#include "columns/block.h"

namespace millrace::avro {

class Schema;

struct MappingOptions {
  enum class Enums : uint8_t { kLowCardinality, kEnum };
  enum class Form : uint8_t { kColumns, kJson };  // kJson: the whole datum is one column `value` of JSON text
  Enums enums = Enums::kLowCardinality;
  Form form = Form::kColumns;
  std::vector<std::string> low_cardinality;  // names of String columns that hold few different values
  uint32_t columns_max = 2000;
};

std::expected<std::vector<columns::NamedType>, Rejection> map_columns(const Schema& reader, const MappingOptions& options = {});

// Which of them are String columns of bytes and not of text (also inside of arrays and maps): the type alone doesn't say.
std::expected<std::vector<std::string>, Rejection> bytes_columns(const Schema& reader, const MappingOptions& options = {});

}  // namespace millrace::avro

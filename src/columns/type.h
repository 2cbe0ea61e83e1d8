#pragma once
// ClickHouse's data types, as far as events need them, and their names as the Native format and DDL write them.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::columns {

enum class Kind : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kInt256,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kUInt128,
  kUInt256,
  kFloat32,
  kFloat64,
  kString,
  kFixedString,
  kUuid,
  kDate,
  kDate32,
  kDateTime,
  kDateTime64,
  kEnum8,
  kEnum16,
  kDecimal32,
  kDecimal64,
  kDecimal128,
  kDecimal256,
  kNullable,
  kArray,
  kMap,
  kLowCardinality,
};

struct Type {
  Kind kind = Kind::kString;
  uint32_t size = 0;                                     // FixedString: bytes
  uint32_t precision = 0;                                // Decimal: digits; DateTime64: fractional digits
  uint32_t scale = 0;                                    // Decimal
  std::string time_zone;                                 // DateTime, DateTime64; "" is the server's
  std::vector<std::pair<std::string, int16_t>> symbols;  // Enum8, Enum16
  std::vector<Type> children;                            // Nullable, Array, LowCardinality: one; Map: key, value
  bool operator==(const Type&) const = default;
};

Type simple(Kind kind);
Type fixed_string(uint32_t size);
Type date_time(std::string time_zone = "");
Type date_time64(uint32_t precision, std::string time_zone = "UTC");
Type decimal(uint32_t precision, uint32_t scale);           // 1–76 digits; the narrowest of 32, 64, 128, 256 bits
Type enumeration(const std::vector<std::string>& symbols);  // values 0, 1, …; Enum8 up to 128 symbols, then Enum16
Type array(Type element);
Type map(Type key, Type value);
Type low_cardinality(Type element);  // String or Nullable(String)
// Nullable(T); LowCardinality(T) becomes LowCardinality(Nullable(T)); Array, Map and what is Nullable already stay as they are.
Type nullable(Type element);
bool is_nullable(const Type& type);  // NULL has a place in it

// Bytes of one value, 0 if they vary (String, Array, …).
uint32_t fixed_width(const Type& type);
// Columns that make up this one, itself included, in the order of Block::nodes(): parent, then children.
uint32_t node_count(const Type& type);

std::string to_string(const Type& type);          // Map(String, Nullable(Int64))
Result<Type> parse_type(std::string_view name);   // the same form, and the server's variants (Decimal(9, 2), Decimal64(2))
std::string quote_symbol(std::string_view text);  // 'it\'s'

}  // namespace millrace::columns

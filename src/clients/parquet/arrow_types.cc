#include "clients/parquet/arrow_types.h"

#include <arrow/extension/uuid.h>
#include <arrow/type.h>

#include <array>

namespace millrace::parquet {

using columns::Kind;

std::shared_ptr<arrow::Field> arrow_field(const std::string& name, const columns::Type& type, Strings strings) {
  return arrow::field(name, arrow_type(type, strings), columns::is_nullable(type));
}

int64_t ticks_factor(const columns::Type& date_time64) {
  constexpr std::array<int64_t, 10> kFactors{1000, 100, 10, 1, 100, 10, 1, 100, 10, 1};
  return kFactors.at(date_time64.precision);
}

std::shared_ptr<arrow::DataType> arrow_type(const columns::Type& type, Strings strings) {
  const auto precision = static_cast<int32_t>(type.precision), scale = static_cast<int32_t>(type.scale);
  switch (type.kind) {
    case Kind::kBool: return arrow::boolean();
    case Kind::kInt8: return arrow::int8();
    case Kind::kInt16: return arrow::int16();
    case Kind::kInt32: return arrow::int32();
    case Kind::kInt64: return arrow::int64();
    case Kind::kUInt8: return arrow::uint8();
    case Kind::kUInt16: return arrow::uint16();
    case Kind::kUInt32: return arrow::uint32();
    case Kind::kUInt64: return arrow::uint64();
    case Kind::kInt128:
    case Kind::kUInt128: return arrow::fixed_size_binary(16);
    case Kind::kInt256:
    case Kind::kUInt256: return arrow::fixed_size_binary(32);
    case Kind::kFloat32: return arrow::float32();
    case Kind::kFloat64: return arrow::float64();
    case Kind::kString: return strings == Strings::kText ? arrow::utf8() : arrow::binary();
    case Kind::kFixedString: return arrow::fixed_size_binary(static_cast<int32_t>(type.size));
    case Kind::kUuid: return arrow::extension::uuid();
    case Kind::kDate:
    case Kind::kDate32: return arrow::date32();
    case Kind::kDateTime: return arrow::timestamp(arrow::TimeUnit::MILLI, "UTC");
    case Kind::kDateTime64:
      return arrow::timestamp(type.precision <= 3 ? arrow::TimeUnit::MILLI : type.precision <= 6 ? arrow::TimeUnit::MICRO : arrow::TimeUnit::NANO, "UTC");
    case Kind::kEnum8:
    case Kind::kEnum16: return arrow::utf8();
    case Kind::kDecimal32: return arrow::decimal32(precision, scale);
    case Kind::kDecimal64: return arrow::decimal64(precision, scale);
    case Kind::kDecimal128: return arrow::decimal128(precision, scale);
    case Kind::kDecimal256: return arrow::decimal256(precision, scale);
    case Kind::kNullable:
    case Kind::kLowCardinality: return arrow_type(type.children[0], strings);
    case Kind::kArray: return arrow::list(arrow_field("element", type.children[0], strings));
    case Kind::kMap: return arrow::map(arrow_type(type.children[0], strings), arrow_field("value", type.children[1], strings));
  }
  return nullptr;
}

}  // namespace millrace::parquet

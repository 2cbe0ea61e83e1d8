#include "rules/column_of.h"

namespace millrace::rules {
namespace {

using columns::Kind;

// T itself, or Nullable(T) where the value may be null: the elements of lists and maps.
std::expected<columns::Type, std::string> inner(const Type& type) {
  auto column = column_of(type);
  if (column && !type.nullable && column->kind == Kind::kNullable) return column->children[0];
  return column;
}

// The kind of what a column holds, Nullable and LowCardinality aside.
const columns::Type& value_of(const columns::Type& column) {
  const columns::Type* type = &column;
  while (type->kind == Kind::kNullable || type->kind == Kind::kLowCardinality) type = &type->children[0];
  return *type;
}

bool holds(const Type& type, const columns::Type& column) {
  switch (type.kind) {
    case TypeKind::kBool: return column.kind == Kind::kBool;
    case TypeKind::kInt: return column.kind >= Kind::kInt8 && column.kind <= Kind::kInt64;
    case TypeKind::kUint: return column.kind >= Kind::kUInt8 && column.kind <= Kind::kUInt64;
    case TypeKind::kDouble: return column.kind == Kind::kFloat32 || column.kind == Kind::kFloat64;
    case TypeKind::kString: return column.kind == Kind::kString || column.kind == Kind::kEnum8 || column.kind == Kind::kEnum16;
    case TypeKind::kBytes: return column.kind == Kind::kString;
    case TypeKind::kTimestamp: return column.kind >= Kind::kDate && column.kind <= Kind::kDateTime64;
    case TypeKind::kDecimal: return column.kind >= Kind::kDecimal32 && column.kind <= Kind::kDecimal256 && type.scale <= column.scale;
    case TypeKind::kList: return column.kind == Kind::kArray && (type.children[0].is(TypeKind::kNever) || misfit(type.children[0], column.children[0]).empty());
    case TypeKind::kMap:
      return column.kind == Kind::kMap && (type.children[0].is(TypeKind::kNever) ||
                                           (misfit(type.children[0], column.children[0]).empty() && misfit(type.children[1], column.children[1]).empty()));
    default: return false;
  }
}

}  // namespace

std::expected<columns::Type, std::string> column_of(const Type& type) {
  if (type.nullable && (type.is(TypeKind::kList) || type.is(TypeKind::kMap)))
    return std::unexpected(std::string("a ") + (type.is(TypeKind::kList) ? "list" : "map") +
                           " that may be null has no column: give a value for null (x.orValue(" + (type.is(TypeKind::kList) ? "[]" : "{}") + "))");
  const auto made = [](columns::Type column) { return columns::nullable(std::move(column)); };
  switch (type.kind) {
    case TypeKind::kBool: return made(columns::simple(Kind::kBool));
    case TypeKind::kInt: return made(columns::simple(Kind::kInt64));
    case TypeKind::kUint: return made(columns::simple(Kind::kUInt64));
    case TypeKind::kDouble: return made(columns::simple(Kind::kFloat64));
    case TypeKind::kString:
    case TypeKind::kBytes: return made(columns::simple(Kind::kString));
    case TypeKind::kTimestamp: return made(columns::date_time64(6));
    case TypeKind::kDecimal: return made(columns::decimal(type.precision, type.scale));
    case TypeKind::kList: {
      auto element = inner(type.children[0]);
      if (!element) return element;
      return columns::array(std::move(*element));
    }
    case TypeKind::kMap: {
      auto key = inner(type.children[0]), value = inner(type.children[1]);
      if (!key || !value) return key ? value : key;
      return columns::map(std::move(*key), std::move(*value));
    }
    case TypeKind::kDuration: return std::unexpected("a duration has no column: d.getSeconds() is its seconds");
    case TypeKind::kRecord: return std::unexpected("a record has no column: name one of the fields of " + type.record->name);
    case TypeKind::kNull: return std::unexpected("null alone has no type, and so no column");
    case TypeKind::kNever: return std::unexpected("an empty list or map has no type, and so no column");
    case TypeKind::kError:
    case TypeKind::kUnreadable: break;
  }
  return std::unexpected("this has no column");
}

std::string misfit(const Type& type, const columns::Type& column) {
  if (type.is(TypeKind::kError)) return "";
  const std::string name = columns::to_string(column);
  const bool null_has_place = columns::is_nullable(column);
  if (type.is(TypeKind::kNull)) return null_has_place ? "" : "null has no place in " + name;
  const columns::Type& value = value_of(column);
  if (type.is(TypeKind::kDecimal) && value.kind >= Kind::kDecimal32 && value.kind <= Kind::kDecimal256 && type.scale > value.scale)
    return to_string(not_null(type)) + " has more digits behind the point than " + name + ": decimal(x, " + std::to_string(value.scale) + ") rounds it";
  if (!holds(type, value)) return to_string(not_null(type)) + " doesn't fit into " + name;
  if (type.nullable && !null_has_place) return "null has no place in " + name + ": give a value for null (x.orValue(…))";
  return "";
}

}  // namespace millrace::rules

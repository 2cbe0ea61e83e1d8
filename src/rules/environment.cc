#include "rules/environment.h"

#include <algorithm>

namespace millrace::rules {
namespace {

struct Leaf {
  std::string_view path;  // what is left of the name below this record
  Type type;
  int32_t column;
};

// Fields of one record stand side by side, so the leaves of a nested one are neighbours; recursion ends with the dots of the names.
std::shared_ptr<const Record> build(std::string name, std::span<const Leaf> leaves) {
  auto record = std::make_shared<Record>();
  for (size_t i = 0; i < leaves.size();) {
    const size_t dot = leaves[i].path.find('.');
    if (dot == std::string_view::npos) {
      record->fields.push_back({std::string(leaves[i].path), leaves[i].type, leaves[i].column}), ++i;
      continue;
    }
    const std::string_view head = leaves[i].path.substr(0, dot + 1);
    std::vector<Leaf> inside;
    for (; i < leaves.size() && leaves[i].path.starts_with(head); ++i) inside.push_back({leaves[i].path.substr(dot + 1), leaves[i].type, leaves[i].column});
    const std::string field(head.substr(0, dot));
    Type type = simple(TypeKind::kRecord);
    type.record = build(name + "." + field, inside);
    record->fields.push_back({field, std::move(type), -1});
  }
  record->name = std::move(name);
  return record;
}

}  // namespace

Type type_of(const columns::Type& column, bool text_is_bytes) {
  using columns::Kind;
  const auto child = [&](size_t i) { return type_of(column.children[i], text_is_bytes); };
  switch (column.kind) {
    case Kind::kBool: return simple(TypeKind::kBool);
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
    case Kind::kInt64: return simple(TypeKind::kInt);
    case Kind::kUInt8:
    case Kind::kUInt16:
    case Kind::kUInt32:
    case Kind::kUInt64: return simple(TypeKind::kUint);
    case Kind::kFloat32:
    case Kind::kFloat64: return simple(TypeKind::kDouble);
    case Kind::kString: return simple(text_is_bytes ? TypeKind::kBytes : TypeKind::kString);
    case Kind::kUuid:
    case Kind::kEnum8:
    case Kind::kEnum16: return simple(TypeKind::kString);
    case Kind::kFixedString: return simple(TypeKind::kBytes);
    case Kind::kDate:
    case Kind::kDate32:
    case Kind::kDateTime:
    case Kind::kDateTime64: return simple(TypeKind::kTimestamp);
    case Kind::kDecimal32:
    case Kind::kDecimal64:
    case Kind::kDecimal128:
    case Kind::kDecimal256: return decimal(column.precision, column.scale);
    case Kind::kNullable: return nullable(child(0));
    case Kind::kLowCardinality: return child(0);
    case Kind::kArray: return list(child(0));
    case Kind::kMap: return map(type_of(column.children[0]), child(1));
    case Kind::kInt128:
    case Kind::kInt256:
    case Kind::kUInt128:
    case Kind::kUInt256: break;
  }
  return simple(TypeKind::kUnreadable);
}

std::shared_ptr<const Record> record_of(std::string name, std::span<const columns::NamedType> columns, std::span<const std::string> bytes_columns) {
  std::vector<Leaf> leaves;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool bytes = std::find(bytes_columns.begin(), bytes_columns.end(), columns[i].name) != bytes_columns.end();
    leaves.push_back({columns[i].name, type_of(columns[i].type, bytes), static_cast<int32_t>(i)});
  }
  return build(std::move(name), leaves);
}

}  // namespace millrace::rules

#include "rules/environment.h"

#include <algorithm>
#include <map>

namespace millrace::rules {
namespace {

// Recursion ends with the dots of the paths. A record stands where its first field stands.
std::shared_ptr<const Record> build(std::string name, std::span<const Field> leaves) {
  auto record = std::make_shared<Record>();
  std::vector<std::vector<Field>> inside;  // by field of the record
  std::map<std::string_view, size_t> records;
  for (const Field& leaf : leaves) {
    const size_t dot = leaf.name.find('.');
    if (dot == std::string::npos) {
      record->fields.push_back(leaf), inside.emplace_back();
      continue;
    }
    const auto [at, is_new] = records.emplace(std::string_view(leaf.name).substr(0, dot), inside.size());
    if (is_new) record->fields.push_back({leaf.name.substr(0, dot), simple(TypeKind::kRecord), -1}), inside.emplace_back();
    inside[at->second].push_back({leaf.name.substr(dot + 1), leaf.type, leaf.column});
  }
  for (const auto& [head, i] : records) record->fields[i].type.record = build(name + "." + std::string(head), inside[i]);
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
  return build(std::move(name), leaves_of(columns, bytes_columns));
}
std::shared_ptr<const Record> record_of(std::string name, std::span<const Field> leaves) { return build(std::move(name), leaves); }

std::vector<Field> leaves_of(std::span<const columns::NamedType> columns, std::span<const std::string> bytes_columns) {
  std::vector<Field> leaves;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool bytes = std::find(bytes_columns.begin(), bytes_columns.end(), columns[i].name) != bytes_columns.end();
    leaves.push_back({columns[i].name, type_of(columns[i].type, bytes), static_cast<int32_t>(i)});
  }
  return leaves;
}

}  // namespace millrace::rules

#include "rules/type.h"

#include <algorithm>

namespace millrace::rules {

const Field* Record::find(std::string_view field) const {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == field; });
  return it == fields.end() ? nullptr : &*it;
}

Type simple(TypeKind kind) {
  Type type;
  type.kind = kind;
  return type;
}
Type decimal(uint32_t precision, uint32_t scale) {
  Type type = simple(TypeKind::kDecimal);
  type.precision = static_cast<uint8_t>(precision), type.scale = static_cast<uint8_t>(scale);
  return type;
}
Type list(Type element) {
  Type type = simple(TypeKind::kList);
  type.children.push_back(std::move(element));
  return type;
}
Type map(Type key, Type value) {
  Type type = simple(TypeKind::kMap);
  type.children.push_back(std::move(key)), type.children.push_back(std::move(value));
  return type;
}
Type nullable(Type type) {
  type.nullable = type.kind != TypeKind::kError && type.kind != TypeKind::kNull;
  return type;
}
Type not_null(Type type) {
  type.nullable = false;
  return type;
}

std::optional<Type> join(const Type& a, const Type& b) {
  if (a.is(TypeKind::kError) || b.is(TypeKind::kError)) return simple(TypeKind::kError);
  if (a.is(TypeKind::kNever)) return a.nullable ? nullable(b) : b;
  if (b.is(TypeKind::kNever)) return b.nullable ? nullable(a) : a;
  if (a.is(TypeKind::kNull)) return nullable(b);
  if (b.is(TypeKind::kNull)) return nullable(a);
  if (a.kind != b.kind) return std::nullopt;
  Type joined = a;
  joined.nullable = a.nullable || b.nullable;
  if (a.is(TypeKind::kDecimal)) {
    const int scale = std::max(a.scale, b.scale), whole = std::max(a.precision - a.scale, b.precision - b.scale);
    if (scale + whole > 76) return std::nullopt;
    joined.scale = static_cast<uint8_t>(scale), joined.precision = static_cast<uint8_t>(scale + whole);
  }
  if (a.is(TypeKind::kRecord) && a.record != b.record) return std::nullopt;
  for (size_t i = 0; i < a.children.size(); ++i) {
    auto child = join(a.children[i], b.children[i]);
    if (!child) return std::nullopt;
    joined.children[i] = *std::move(child);
  }
  return joined;
}

std::string to_string(const Type& type) {
  static constexpr const char* kNames[] = {"error", "nothing", "null", "bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"};
  std::string text = type.nullable ? "nullable " : "";
  switch (type.kind) {
    case TypeKind::kDecimal: return text + "decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeKind::kList: return text + "list(" + to_string(type.children[0]) + ")";
    case TypeKind::kMap: return text + "map(" + to_string(type.children[0]) + ", " + to_string(type.children[1]) + ")";
    case TypeKind::kRecord: return text + type.record->name;
    case TypeKind::kUnreadable: return text + "a type that rules can't read";
    default: return text + kNames[static_cast<size_t>(type.kind)];
  }
}

}  // namespace millrace::rules

#pragma once
// Types of the rule language: CEL's without dyn, decimals, records whose fields are known, and whether null may stand there.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::rules {

enum class TypeKind : uint8_t {
  kError,  // what was already complained about: fits everywhere, so that one mistake is told once
  kNever,  // the elements of [] and {}: fits everywhere
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kDecimal,
  kList,
  kMap,
  kRecord,
  kUnreadable,  // a column that rules have no type for
};

struct Record;

struct Type {
  TypeKind kind = TypeKind::kError;
  bool nullable = false;
  uint8_t precision = 0, scale = 0;  // kDecimal: digits in all, digits behind the point
  std::vector<Type> children;        // kList: element; kMap: key, value
  std::shared_ptr<const Record> record;
  bool operator==(const Type&) const = default;
  bool is(TypeKind k) const { return kind == k; }
};

struct Field {
  std::string name;
  Type type;
  int32_t column = -1;  // in the block or the reference table; -1: a record, whose fields have columns
};
struct Record {
  std::string name;  // for messages: "order.created.address"
  std::vector<Field> fields;
  const Field* find(std::string_view field) const;
};

inline constexpr uint8_t kDecimalDigitsMax = 38;  // of what is computed with; a wider field may be compared and passed on

Type simple(TypeKind kind);
Type decimal(uint32_t precision, uint32_t scale);
Type list(Type element);
Type map(Type key, Type value);
Type nullable(Type type);  // null and what is wrong stay as they are
Type not_null(Type type);

// The one type that holds values of both: the same, null aside; the wider decimal. Nothing if there is none.
std::optional<Type> join(const Type& a, const Type& b);

std::string to_string(const Type& type);  // "list(string)", "decimal(10, 2)", "nullable int", "order.created.address"

}  // namespace millrace::rules

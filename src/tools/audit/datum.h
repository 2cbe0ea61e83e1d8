#pragma once
// Walks an Avro datum and picks out the identity fields. The audit's own reader, apart from src/avro on purpose: a mistake there
// must not hide itself here.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/audit/records.h"

namespace millrace::audit {

// Immutable; any thread.
class DatumReader {
 public:
  // `schema` is JSON text as the registry has it.
  static Result<DatumReader> compile(const std::string& schema);
  // nullopt: these bytes are not exactly one datum of the schema.
  std::optional<Identity> read(std::string_view datum) const;

 private:
  friend class SchemaCompiler;
  enum class Kind : uint8_t { kNull, kBoolean, kInt, kLong, kFloat, kDouble, kText, kFixed, kEnum, kArray, kMap, kUnion, kRecord };
  enum class Role : uint8_t { kNone, kEventId, kTenant, kAmount };
  struct Node {
    Kind kind = Kind::kNull;
    bool decimal = false;
    int scale = 0;
    uint64_t size = 0;               // of a fixed; symbols of an enum
    std::vector<uint32_t> children;  // items, branches, fields
    std::vector<Role> roles;         // of the fields, for the root record alone
  };
  struct Cursor {
    std::string_view rest;
    uint64_t free_elements = 100'000;  // elements that take no bytes: a bound on hostile counts
    bool failed = false;
  };
  bool walk(uint32_t node, Cursor& cursor, int depth, Role role, Identity& identity) const;
  bool walk_blocks(const Node& node, Cursor& cursor, int depth, Identity& identity) const;
  static void take(const Node& node, std::string_view bytes, Role role, Identity& identity);

  std::vector<Node> nodes_;
};

}  // namespace millrace::audit

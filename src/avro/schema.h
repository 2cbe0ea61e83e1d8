#pragma once
// An Avro schema (specification 1.12), parsed: a graph of nodes that lives as long as its Schema. Named types that are used
// more than once, or by themselves, are one node with several references, so the graph may have cycles.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::avro {

enum class Type : uint8_t { kNull, kBoolean, kInt, kLong, kFloat, kDouble, kBytes, kString, kRecord, kEnum, kArray, kMap, kUnion, kFixed };

// A logical type that is unknown, or whose attributes are invalid (a decimal whose precision does not fit its fixed), is
// kNone: the specification says to use the underlying type.
enum class Logical : uint8_t {
  kNone,
  kDecimal,     // bytes or fixed: two's complement, big-endian; precision and scale are in the node
  kBigDecimal,  // bytes: Avro bytes of the unscaled value, then an Avro int, the scale
  kUuid,        // string, or fixed of 16
  kDate,        // int: days since 1970-01-01
  kTimeMillis,  // int
  kTimeMicros,  // long
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,  // long, since the epoch in UTC
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,  // long, without a time zone
  kDuration,             // fixed of 12: months, days, milliseconds, each uint32 little-endian
};

struct Node;

// Attributes that the specification does not define: name and JSON text, in the order of the schema.
using Properties = std::vector<std::pair<std::string, std::string>>;

enum class Order : uint8_t { kAscending, kDescending, kIgnore };

struct Field {
  std::string name;
  std::string doc;
  std::vector<std::string> aliases;
  const Node* type = nullptr;
  Order order = Order::kAscending;
  // The default value as Avro binary written with `type` (for a union: branch index first, the first branch that the
  // value fits): what a reader appends when the writer has no such field. Empty optional: no default.
  std::optional<std::string> default_binary;
  std::string default_json;  // the same as JSON text, "" without a default
  Properties properties;
};

struct Node {
  Type type = Type::kNull;
  Logical logical = Logical::kNone;
  int id = 0;                        // 0 … Schema::node_count()-1, for tables on the side
  int precision = 0, scale = 0;      // kDecimal
  int64_t size = 0;                  // kFixed, in bytes
  std::string name;                  // record, enum, fixed: the full name ("com.acme.Order"); "" otherwise
  std::vector<std::string> aliases;  // record, enum, fixed: full names
  std::string doc;
  std::vector<Field> fields;          // kRecord
  std::vector<std::string> symbols;   // kEnum
  std::optional<int> enum_default;    // kEnum: index in symbols
  const Node* items = nullptr;        // kArray: the items, kMap: the values
  std::vector<const Node*> branches;  // kUnion
  Properties properties;

  bool named() const { return type == Type::kRecord || type == Type::kEnum || type == Type::kFixed; }
  std::string_view short_name() const;  // without the namespace
  std::string_view name_space() const;  // "" if none
};

class Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

// Immutable, so any thread may read it.
class Schema {
 public:
  // The error is permanent; its message says where in the schema, what is wrong there and what would be right
  // ("fields[2] \"amount\".type: …").
  static Result<SchemaPtr> parse(std::string_view json);

  const Node& root() const { return *root_; }
  int node_count() const { return static_cast<int>(nodes_.size()); }
  const std::string& text() const { return text_; }  // as it was given to parse

  // Parsing Canonical Form (specification, "Transforming into Parsing Canonical Form").
  const std::string& canonical() const { return canonical_; }
  // CRC-64-AVRO (Rabin) of the canonical form.
  uint64_t fingerprint() const { return fingerprint_; }

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

 private:
  friend class SchemaParser;
  Schema() = default;
  std::vector<std::unique_ptr<Node>> nodes_;
  const Node* root_ = nullptr;
  std::string text_, canonical_;
  uint64_t fingerprint_ = 0;
};

const char* type_name(Type type);           // "long"
const char* logical_name(Logical logical);  // "timestamp-millis", "" for kNone
std::string describe(const Node& node);     // for messages: "record com.acme.Order", "long"

std::string canonical_form(const Node& root);
uint64_t crc64_avro(std::string_view bytes);  // specification, "Schema Fingerprints"

}  // namespace millrace::avro

#pragma once
// The tree between a reader schema and its columns: the rules of column_mapping.h, decided once for table and decoder alike.

#include <cstdint>
#include <expected>
#include <vector>

#include "avro/column_mapping.h"
#include "avro/schema.h"

namespace millrace::avro {

struct ColumnPlan {
  enum class Form : uint8_t {
    kNothing,  // null: no column
    kLeaf,     // one value
    kText,     // JSON
    kArray,    // parts: the element
    kMap,      // parts: the value (the key is the node after this one)
    kRecord,   // parts: the fields, in the reader's order
  };
  Form form = Form::kNothing;
  uint32_t node = 0;   // of the block
  columns::Type type;  // kLeaf, kText: Nullable or not; kArray, kMap
  std::vector<ColumnPlan> parts;

  bool has_null_map() const { return type.kind == columns::Kind::kNullable; }
  uint32_t value_node() const { return node + (has_null_map() ? 1 : 0); }
};

struct MappedColumns {
  ColumnPlan root;
  std::vector<columns::NamedType> columns;
  std::vector<std::string> bytes_columns;  // String columns that hold Avro's bytes, or a fixed too large for FixedString
  uint32_t node_count = 0;
};

std::expected<MappedColumns, Rejection> plan_columns(const Schema& reader, const MappingOptions& options);

}  // namespace millrace::avro

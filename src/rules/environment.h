#pragma once
// What an expression may speak of: the fields of one event type, and the reference tables.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columns/block.h"
#include "rules/type.h"

namespace millrace::rules {

// A reference table: lookup("plans", key) gives its row, whose fields are null where the key isn't there.
struct ReferenceTable {
  std::string name;
  Type key;
  std::shared_ptr<const Record> row;
};

struct Environment {
  std::shared_ptr<const Record> record;  // its fields are the names that an expression begins with
  std::vector<ReferenceTable> tables;
};

// The record that was flattened into these columns (avro/column_mapping.h): `a.b` is field b of record a. `bytes_columns` names
// the String columns that hold bytes and not text (avro::bytes_columns), which their type doesn't tell; FixedString is bytes anyway. Bool is bool, integers up to 64 bits are
// int and uint, floats double, enums and UUID string, dates and date-times timestamp; wider integers can't be read.
std::shared_ptr<const Record> record_of(std::string name, std::span<const columns::NamedType> columns, std::span<const std::string> bytes_columns = {});

// The same in two steps, so that leaves can be added between them: a leaf's name is its path ("a.b"), and paths needn't be in any order, but
// none may be another's beginning.
std::vector<Field> leaves_of(std::span<const columns::NamedType> columns, std::span<const std::string> bytes_columns = {});
std::shared_ptr<const Record> record_of(std::string name, std::span<const Field> leaves);

Type type_of(const columns::Type& column, bool text_is_bytes = false);

}  // namespace millrace::rules

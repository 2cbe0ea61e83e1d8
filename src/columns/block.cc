#include "columns/block.h"

#include "base/result.h"

namespace millrace::columns {
namespace {

void collect(Column& column, std::vector<Column*>& nodes) {
  nodes.push_back(&column);
  for (size_t i = 0; i < column.child_count(); ++i) collect(column.child(i), nodes);
}

}  // namespace

Block::Block(std::vector<NamedType> columns) {
  columns_.reserve(columns.size());
  for (NamedType& column : columns) {
    names_.push_back(std::move(column.name));
    columns_.emplace_back(std::move(column.type));
  }
  for (Column& column : columns_) collect(column, nodes_);
}

int Block::find(std::string_view name) const {
  for (size_t i = 0; i < names_.size(); ++i)
    if (names_[i] == name) return static_cast<int>(i);
  return -1;
}

void Block::truncate(size_t rows) {
  if (rows < rows_) rows_ = rows;
  truncate_columns(0, columns_.size());
}
void Block::truncate_columns(size_t first, size_t count) {
  for (size_t i = first; i < first + count; ++i) columns_[i].truncate(rows_);
}

void Block::keep(std::span<const uint8_t> mask, size_t first) {
  MILLRACE_CHECK(first + mask.size() == rows_, "the mask has a byte for each row");
  for (Column& column : columns_) column.keep(mask, first);
  size_t kept = first;
  for (const uint8_t byte : mask) kept += byte != 0;
  rows_ = kept;
}

void Block::clear() {
  for (Column& column : columns_) column.clear();
  rows_ = 0;
}

size_t Block::bytes() const {
  size_t total = 0;
  for (const Column& column : columns_) total += column.bytes();
  return total;
}
size_t Block::memory() const {
  size_t total = scratch_.capacity();
  for (const Column& column : columns_) total += column.memory();
  return total;
}

}  // namespace millrace::columns

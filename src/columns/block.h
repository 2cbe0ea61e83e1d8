#pragma once
// Columns of equal length, named: what a decoder fills, rules look at and sinks write. Belongs to one thread at a time.
//
// A row is made in steps: a decoder appends to its columns, the caller appends the rest (partition, offset …), then end_row()
// makes it count. Whatever is appended beyond rows() is undone by truncate(rows()).

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"

namespace millrace::columns {

struct NamedType {
  std::string name;
  Type type;
  bool operator==(const NamedType&) const = default;
};

class Block {
 public:
  Block() = default;
  explicit Block(std::vector<NamedType> columns);
  Block(Block&&) noexcept = default;
  Block& operator=(Block&&) noexcept = default;

  size_t rows() const { return rows_; }
  void end_row() { ++rows_; }
  // Rows appended column by column (constants, a reader): from now on there are so many.
  void set_rows(size_t rows) { rows_ = rows; }

  size_t column_count() const { return columns_.size(); }
  Column& column(size_t index) { return columns_[index]; }
  const Column& column(size_t index) const { return columns_[index]; }
  const std::string& name(size_t index) const { return names_[index]; }
  int find(std::string_view name) const;  // index, or -1

  void truncate(size_t rows);                         // back to so many rows, in every column
  void truncate_columns(size_t first, size_t count);  // these columns back to rows()
  // Of the rows from `first` on those whose byte is not 0; mask.size() == rows() - first.
  void keep(std::span<const uint8_t> mask, size_t first = 0);
  void clear();  // no rows, memory kept

  size_t bytes() const;   // in use: about the size of the Native block
  size_t memory() const;  // allocated

  // Every column and its children: parent, then children; node_count() of the types tells where each begins. Stays valid while
  // the block lives, moved or not.
  Column* const* nodes() { return nodes_.data(); }
  size_t nodes_size() const { return nodes_.size(); }
  Buffer& scratch() { return scratch_; }  // for text in the making; nothing in it outlives a call

 private:
  std::vector<std::string> names_;
  std::vector<Column> columns_;
  std::vector<Column*> nodes_;
  Buffer scratch_;
  size_t rows_ = 0;
};

}  // namespace millrace::columns

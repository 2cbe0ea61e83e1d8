#pragma once
// A file's rows, a row group at a time: from disk and from memory, in the order's order. Private to the room.

#include <deque>
#include <optional>
#include <vector>

#include "clients/parquet/write_file.h"
#include "pipeline/sinks/warehouse/warehouse_order.h"

namespace millrace::pipeline {

// Where a group ends depends on the rows alone, not on how they were put aside: so whoever writes a plan writes the same bytes. One group, and one piece that
// was put aside, are in memory at a time.
class RowGroups {
 public:
  // `tables`, at least one, of one name; they outlive this.
  RowGroups(const WarehouseOrder& order, std::vector<const WarehouseTable*> tables, const parquet::WriteSettings& settings);
  // none: that was all. What it points to is there until the next call.
  Result<std::optional<parquet::Rows>> next();

 private:
  bool full() const;
  size_t step() const;
  void take(size_t rows);     // of the piece into the group, as far as both go
  void take_some();           // likewise, not past the group's end
  Result<bool> open_piece();  // false: the table has no more

  const WarehouseOrder& order_;
  const std::vector<const WarehouseTable*> tables_;
  const parquet::WriteSettings& settings_;
  size_t table_ = 0, piece_ = 0, row_ = 0;  // what comes next
  columns::Block read_;                     // the piece under way, where it comes from disk
  const columns::Block* from_ = nullptr;    // the piece under way
  std::deque<columns::Block> same_;         // of each table
  std::optional<columns::Block> group_;
};

}  // namespace millrace::pipeline

#pragma once
// The values that rules assign to one column in a run over rows: one place for each row, empty until a rule fills it.

#include <cstdint>
#include <span>
#include <vector>

#include "columns/column.h"
#include "rules/kernels/text_arena.h"
#include "rules/kernels/vector.h"

namespace millrace::pipeline {

class ColumnValues {
 public:
  void begin(rules::Form form, uint8_t scale, size_t rows);                           // all empty
  void set(size_t row, const rules::Vector& from, size_t entry);                      // copies; null leaves it empty, and assigned
  void clear(size_t row);                                                             // assigned: the column's default
  void set(std::span<const uint32_t> rows, size_t first, const rules::Vector& from);  // the same of rows - first, in turn; none has failed
  bool all_set() const;                                                               // no row is left out or cleared
  bool assigned(size_t row) const { return assigned_[row] != 0; }
  bool cleared(size_t row) const { return assigned_[row] == 2; }
  const rules::Vector& vector() const { return values_.vector(); }  // a row each; null where it is empty
  rules::Vector without_needless_nulls() const;                     // the same; no nulls if no row is null

 private:
  void copy_texts(const rules::Vector& of, size_t begin, size_t end);

  rules::Store values_;
  uint8_t* nulls_ = nullptr;
  std::vector<uint8_t> assigned_;
  rules::TextArena texts_;
};

}  // namespace millrace::pipeline

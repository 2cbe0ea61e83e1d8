#pragma once
// The rows of a reference table, found by key. Immutable once made: shared between threads.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columns/block.h"

namespace millrace::rules {

class ReferenceRows {
 public:
  static constexpr int64_t kNone = -1;

  // `key_column` of the block: a string or an integer of up to 64 bits, never null. A key that stands twice is an error that names it.
  static Result<std::shared_ptr<const ReferenceRows>> make(columns::Block rows, size_t key_column);

  int64_t find(std::string_view key) const;  // a row, or kNone
  int64_t find(int64_t key) const;
  int64_t find(uint64_t key) const { return find(static_cast<int64_t>(key)); }
  const columns::Block& rows() const { return rows_; }
  size_t memory() const;

 private:
  struct Slot {
    uint64_t number = 0;  // the key, or its hash
    uint32_t row = 0;     // + 1; 0 is free
  };
  explicit ReferenceRows(columns::Block rows) : rows_(std::move(rows)) {}
  template <class Same>
  size_t slot(uint64_t number, Same same) const;

  columns::Block rows_;
  std::vector<Slot> slots_;             // a power of two, at most half full
  std::vector<std::string_view> keys_;  // by row, if keys are texts
  std::vector<std::string> key_texts_;  // of keys that are no text in the block: symbols, UUIDs
};

}  // namespace millrace::rules

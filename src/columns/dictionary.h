#pragma once
// The keys of a LowCardinality column, in order of first appearance (so their order is a function of the rows alone).

#include <cstdint>
#include <string_view>
#include <vector>

#include "columns/buffer.h"

namespace millrace::columns {

class Dictionary {
 public:
  // With `has_null`, key 0 is NULL (written as an empty string).
  explicit Dictionary(bool has_null = false);

  uint32_t index_of(std::string_view key, size_t row);  // adds it if it is new; `row` is the one that brings it
  uint32_t size() const { return static_cast<uint32_t>(ends_.size() / sizeof(uint32_t)); }
  std::string_view key(uint32_t index) const;
  const Buffer& text() const { return text_; }  // varint length and bytes, one key after the other
  void forget_rows_from(size_t row);            // drops the keys that only rows from here on brought
  void renumber_rows();                         // rows were filtered: all keys stay from now on
  void clear();
  size_t memory() const;

 private:
  bool equals(uint32_t index, std::string_view key) const;
  void rehash(size_t slots);
  void add(std::string_view key, uint32_t hash, uint32_t row);

  bool has_null_ = false;
  Buffer text_, ends_, first_rows_, hashes_;  // uint32 each, one a key
  std::vector<uint32_t> slots_;               // index + 1, 0 is free; linear probing, the last key in is the first out
  uint32_t last_ = 0;                         // found last: events come in runs
};

}  // namespace millrace::columns

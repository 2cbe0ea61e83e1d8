#pragma once
// One column, append-only, its buffers laid out as ClickHouse's Native format writes them (columns/native_writer.h copies them out
// as they are). Belongs to one thread at a time. No virtual call: decoders know the layout when they are compiled.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "columns/buffer.h"
#include "columns/dictionary.h"
#include "columns/type.h"

namespace millrace::columns {

enum class Layout : uint8_t {
  kFixed,           // marks: the values, one after the other
  kString,          // marks: uint32 end of each row in text; text: varint length and bytes
  kNullable,        // marks: uint8, 1 is NULL; child 0 holds a default there
  kArray,           // marks: uint64 end of each row in child 0
  kMap,             // marks: uint64 end of each row in child 0 (keys) and child 1 (values)
  kLowCardinality,  // marks: uint32 index into the dictionary
};

class Column {
 public:
  explicit Column(Type type);
  const Type& type() const { return type_; }
  Layout layout() const { return layout_; }
  size_t rows() const { return shift_ >= 0 ? marks_.size() >> shift_ : marks_.size() / width_; }
  size_t bytes() const;   // in use: about what the Native format takes
  size_t memory() const;  // allocated

  // --- append. The caller knows the type; each call is one row.
  template <class T>
  void append(T value) {
    marks_.put(value);
  }  // kFixed of sizeof(T), little endian
  void append(const Uuid& id) { marks_.put(id.high), marks_.put(id.low); }  // UUID
  void append_uint128(const Uuid& id) { marks_.put(id.low), marks_.put(id.high); }
  void append_fixed(const char* bytes) { marks_.append(bytes, width_); }  // kFixed, width() bytes
  // String or LowCardinality.
  void append_text(std::string_view text) {
    if (layout_ == Layout::kLowCardinality) return marks_.put(dictionary_->index_of(text, rows()));
    text_.put_varint(text.size());
    text_.append(text);
    marks_.put(static_cast<uint32_t>(text_.size()));
  }
  // The same of each; `texts` don't lie in this column. Where `nulls` has a 1: NULL if it has a place here, else "".
  void append_texts(std::span<const std::string_view> texts, const uint8_t* nulls = nullptr);
  void append_not_null() { marks_.put<uint8_t>(0); }  // kNullable; the value follows in child(0)
  void append_null();                                 // Nullable, LowCardinality(Nullable)
  void append_default();                              // NULL where that has a place, else 0, "", [] …
  void append_defaults(size_t rows);
  void append_end(uint64_t elements) {  // kArray, kMap: so many elements were appended to the children since the last row's end
    marks_.put<uint64_t>((marks_.empty() ? 0 : marks_.at<uint64_t>(marks_.size() / 8 - 1)) + elements);
  }

  // --- read
  template <class T>
  T value(size_t row) const {
    return marks_.at<T>(row);
  }
  std::string_view fixed(size_t row) const { return {marks_.data() + row * width_, width_}; }
  std::string_view text(size_t row) const;  // String, LowCardinality ("" for NULL)
  bool is_null(size_t row) const;           // Nullable, LowCardinality(Nullable); false for others
  uint64_t elements_begin(size_t row) const { return row == 0 ? 0 : marks_.at<uint64_t>(row - 1); }
  uint64_t elements_end(size_t row) const { return marks_.at<uint64_t>(row); }
  Column& child(size_t index) { return children_[index]; }
  const Column& child(size_t index) const { return children_[index]; }
  size_t child_count() const { return children_.size(); }

  // --- undo, filter and copy
  void truncate(size_t rows);  // back to so many rows; does nothing if there are fewer
  // Of the rows from `first` on those whose byte is not 0; mask.size() == rows() - first.
  void keep(std::span<const uint8_t> mask, size_t first = 0);
  void clear();                                                      // keeps the memory
  void append_rows(const Column& from, size_t first, size_t count);  // of a column of the same type, another one than this

  // --- the buffers, for decoders, writers and readers
  Buffer& marks() { return marks_; }
  const Buffer& marks() const { return marks_; }
  Buffer& text_bytes() { return text_; }
  const Buffer& text_bytes() const { return text_; }
  Dictionary& dictionary() { return *dictionary_; }
  const Dictionary& dictionary() const { return *dictionary_; }
  uint32_t width() const { return width_; }  // bytes of a row in marks

 private:
  void keep_elements(std::span<const uint8_t> mask, size_t first);

  Buffer marks_;
  Buffer text_;
  uint32_t width_ = 0;
  int8_t shift_ = -1;  // width_ is 1 << shift_
  Layout layout_ = Layout::kFixed;
  std::unique_ptr<Dictionary> dictionary_;
  std::vector<Column> children_;
  Type type_;
};

}  // namespace millrace::columns

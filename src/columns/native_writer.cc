#include "columns/native_writer.h"

#include "base/result.h"

namespace millrace::columns {
namespace {

constexpr uint64_t kSharedDictionariesWithAdditionalKeys = 1;  // the only version of LowCardinality's serialization
constexpr uint64_t kHasAdditionalKeys = 1 << 9, kNeedUpdateDictionary = 1 << 10;

// What a column's tree announces before any of its data.
void write_prefix(const Column& column, Buffer& out) {
  if (column.layout() == Layout::kLowCardinality) return out.put(kSharedDictionariesWithAdditionalKeys);
  for (size_t i = 0; i < column.child_count(); ++i) write_prefix(column.child(i), out);
}

uint64_t index_width(uint64_t keys) { return keys <= 0x100 ? 0 : keys <= 0x10000 ? 1 : 2; }  // log2 of bytes

void write_dictionary_header(Buffer& out, uint64_t keys) {
  out.put<uint64_t>(index_width(keys) | kHasAdditionalKeys | kNeedUpdateDictionary);
  out.put<uint64_t>(keys);
}

template <class Index>
void write_indexes(const Buffer& marks, size_t rows, Buffer& out) {
  out.reserve(rows * sizeof(Index));
  char* to = out.tail();
  for (size_t row = 0; row < rows; ++row) {
    const auto index = static_cast<Index>(marks.at<uint32_t>(row));
    std::memcpy(to + row * sizeof index, &index, sizeof index);
  }
  out.advance(rows * sizeof(Index));
}

void write_low_cardinality(const Column& column, Buffer& out) {
  const size_t rows = column.rows();
  if (rows == 0) return;  // the reader reads nothing for no rows
  const Dictionary& dictionary = column.dictionary();
  write_dictionary_header(out, dictionary.size());
  out.append(dictionary.text().view());
  out.put<uint64_t>(rows);
  switch (index_width(dictionary.size())) {
    case 0: return write_indexes<uint8_t>(column.marks(), rows, out);
    case 1: return write_indexes<uint16_t>(column.marks(), rows, out);
    default: return write_indexes<uint32_t>(column.marks(), rows, out);
  }
}

constexpr size_t kSpliceFrom = 4096;  // bytes; below, a copy is cheaper than a piece

}  // namespace

std::vector<std::string_view> pieces_of(const Buffer& bytes, const std::vector<Splice>& splices) {
  std::vector<std::string_view> pieces;
  size_t at = 0;
  for (const Splice& splice : splices) {
    if (splice.at > at) pieces.push_back(bytes.view().substr(at, splice.at - at));
    pieces.push_back(splice.bytes);
    at = splice.at;
  }
  if (bytes.size() > at) pieces.push_back(bytes.view().substr(at));
  return pieces;
}

NativeWriter::NativeWriter(Buffer& out, size_t columns, size_t rows, std::vector<Splice>* splices) : out_(out), rows_(rows), splices_(splices) {
  out_.put_varint(columns);
  out_.put_varint(rows);
}

void NativeWriter::raw(std::string_view bytes) {
  if (splices_ != nullptr && bytes.size() >= kSpliceFrom)
    splices_->push_back({out_.size(), bytes});
  else
    out_.append(bytes);
}

void NativeWriter::data(const Column& column) {
  switch (column.layout()) {
    case Layout::kString: return raw(column.text_bytes().view());
    case Layout::kLowCardinality: return write_low_cardinality(column, out_);
    default: raw(column.marks().view());
  }
  for (size_t i = 0; i < column.child_count(); ++i) data(column.child(i));
}

void NativeWriter::header(std::string_view name, const Type& type) {
  const std::string type_name = to_string(type);
  out_.put_varint(name.size()), out_.append(name);
  out_.put_varint(type_name.size()), out_.append(type_name);
}

void NativeWriter::column(std::string_view name, const Column& column) {
  MILLRACE_CHECK(column.rows() == rows_, "column " + std::string(name) + " has as many rows as its block");
  header(name, column.type());
  if (rows_ == 0) return;
  write_prefix(column, out_);
  data(column);
}

void NativeWriter::constant(std::string_view name, const Type& type, std::string_view value) {
  header(name, type);
  if (rows_ == 0) return;
  if (type.kind == Kind::kLowCardinality) {
    const bool null_first = is_nullable(type);
    out_.put(kSharedDictionariesWithAdditionalKeys);
    write_dictionary_header(out_, null_first ? 2 : 1);
    if (null_first) out_.put<uint8_t>(0);
    out_.put_varint(value.size()), out_.append(value);
    out_.put<uint64_t>(rows_);
    out_.reserve(rows_);
    std::memset(out_.tail(), null_first ? 1 : 0, rows_);
    out_.advance(rows_);
    return;
  }
  MILLRACE_CHECK(type.kind == Kind::kString || fixed_width(type) == value.size(), "a constant is a String or as wide as " + to_string(type));
  for (size_t row = 0; row < rows_; ++row) {
    if (type.kind == Kind::kString) out_.put_varint(value.size());
    out_.append(value);
  }
}

void NativeWriter::constant_uint128(std::string_view name, const Uuid& id) {
  const uint64_t value[2] = {id.low, id.high};
  constant(name, simple(Kind::kUInt128), std::string_view(reinterpret_cast<const char*>(value), sizeof value));
}

void write_native(const Block& block, Buffer& out) {
  NativeWriter writer(out, block.column_count(), block.rows());
  for (size_t i = 0; i < block.column_count(); ++i) writer.column(block.name(i), block.column(i));
}

}  // namespace millrace::columns

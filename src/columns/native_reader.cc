#include "columns/native_reader.h"

#include <algorithm>

namespace millrace::columns {
namespace {

class Reader {
 public:
  Reader(std::string_view bytes, Block spare) : bytes_(bytes), size_(bytes.size()), spare_(std::move(spare)) { spare_.clear(); }
  std::string_view rest() const { return bytes_; }

  Result<Block> block() {
    const uint64_t columns = varint(), rows = varint();
    // A column takes two bytes even without rows, and a row takes one in some column.
    if (failed_ || columns > bytes_.size() / 2 || (columns == 0 && rows != 0) || rows > bytes_.size()) return error("number of columns or rows");
    std::vector<NamedType> layout;
    std::vector<Column> parts;
    for (uint64_t i = 0; i < columns; ++i) {
      std::string name(text());
      auto type = parse_type(text());
      if (!type) return std::unexpected(type.error());
      if (failed_) return error("column's name");
      Column column(*type);
      if (i < spare_.column_count() && spare_.column(i).type() == *type) swap_buffers(column, spare_.column(i));
      if (rows != 0) prefix(column), data(column, rows);
      if (failed_) return error("data of column " + name);
      layout.push_back({std::move(name), *std::move(type)});
      parts.push_back(std::move(column));
    }
    Block block(std::move(layout));
    for (size_t i = 0; i < parts.size(); ++i) swap_buffers(block.column(i), parts[i]);
    block.set_rows(rows);
    return block;
  }

 private:
  std::unexpected<Error> error(const std::string& what) const {
    return permanent("Native block: " + what + " is wrong near byte " + std::to_string(size_ - bytes_.size()));
  }
  // Of columns of one type. A block's nodes point at its columns, so contents move, columns don't.
  static void swap_buffers(Column& to, Column& from) {
    std::swap(to.marks(), from.marks());
    std::swap(to.text_bytes(), from.text_bytes());
    if (to.layout() == Layout::kLowCardinality) std::swap(to.dictionary(), from.dictionary());
    for (size_t i = 0; i < to.child_count(); ++i) swap_buffers(to.child(i), from.child(i));
  }

  std::string_view take(uint64_t size) {
    if (failed_ || size > bytes_.size()) return failed_ = true, std::string_view();
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const std::string_view byte = take(1);
      if (failed_) return 0;
      value |= uint64_t{static_cast<uint8_t>(byte[0] & 0x7f)} << shift;
      if ((byte[0] & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::string_view text() { return take(varint()); }
  uint64_t word() {
    const std::string_view raw = take(8);
    uint64_t value = 0;
    if (raw.size() == 8) std::memcpy(&value, raw.data(), 8);
    return value;
  }

  void prefix(const Column& column) {
    if (column.layout() == Layout::kLowCardinality) failed_ |= word() != 1;
    for (size_t i = 0; i < column.child_count(); ++i) prefix(column.child(i));
  }

  void data(Column& column, uint64_t rows) {
    if (failed_ || rows > bytes_.size()) {
      failed_ |= rows != 0;
      return;
    }
    switch (column.layout()) {
      case Layout::kString: return strings(column, rows);
      case Layout::kLowCardinality: return low_cardinality(column, rows);
      case Layout::kFixed: return column.marks().append(take(rows * column.width()));
      case Layout::kNullable: column.marks().append(take(rows)); return data(column.child(0), rows);
      case Layout::kArray:
      case Layout::kMap: break;
    }
    column.marks().append(take(rows * 8));
    uint64_t end = 0;
    for (uint64_t row = 0; row < rows && !failed_; ++row) {
      failed_ |= column.elements_end(row) < end;
      end = column.elements_end(row);
    }
    for (size_t i = 0; i < column.child_count(); ++i) data(column.child(i), end);
  }

  // Lengths and bytes stand in the column as they do here: only the rows' ends are to be found.
  void strings(Column& column, uint64_t rows) {
    const std::string_view before = bytes_;
    Buffer &marks = column.marks(), &texts = column.text_bytes();
    const size_t begin = texts.size();
    marks.reserve(rows * sizeof(uint32_t));
    for (uint64_t row = 0; row < rows && !failed_; ++row) {
      take(varint());
      marks.put(static_cast<uint32_t>(begin + before.size() - bytes_.size()));
    }
    texts.append(before.substr(0, before.size() - bytes_.size()));
  }

  void low_cardinality(Column& column, uint64_t rows) {
    if (rows == 0) return;
    const uint64_t width = uint64_t{1} << (word() & 3);
    const uint64_t keys = word();
    std::vector<std::string_view> texts;
    for (uint64_t i = 0; i < keys && !failed_; ++i) texts.push_back(text());
    if (word() != rows || width == 8) failed_ = true;
    const std::string_view raw = take(rows * width);
    if (failed_) return;
    constexpr uint32_t kUnmet = UINT32_MAX;
    std::vector<uint32_t> numbers(texts.size(), kUnmet);  // in the column's dictionary, which has only keys that a row has
    if (is_nullable(column.type()) && keys > 0) numbers[0] = 0;
    Buffer& marks = column.marks();
    marks.reserve(rows * sizeof(uint32_t));
    for (uint64_t row = 0; row < rows; ++row) {
      uint32_t index = 0;
      std::memcpy(&index, raw.data() + row * width, width);
      if (index >= keys) {
        failed_ = true;
        return;
      }
      if (numbers[index] == kUnmet) numbers[index] = column.dictionary().index_of(texts[index], column.rows());
      marks.put(numbers[index]);
    }
  }

  std::string_view bytes_;
  size_t size_;
  Block spare_;
  bool failed_ = false;
};

}  // namespace

Result<Block> read_native(std::string_view& bytes, Block spare) {
  Reader reader(bytes, std::move(spare));
  auto block = reader.block();
  if (block) bytes = reader.rest();
  return block;
}

}  // namespace millrace::columns

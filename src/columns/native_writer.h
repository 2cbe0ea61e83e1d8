#pragma once
// ClickHouse's Native format, as HTTP takes it (client revision 0: no block info, no serialization kinds): number of columns,
// number of rows, then for each column its name, its type and its data.
// https://clickhouse.com/docs/interfaces/formats/Native; LowCardinality as in ClickHouse's SerializationLowCardinality.cpp.

#include <cstdint>
#include <string_view>
#include <vector>

#include "columns/block.h"

namespace millrace::columns {

// Bytes that stand elsewhere (a column's own buffer) and belong at `at` in a buffer: a block is sent without being copied together.
struct Splice {
  size_t at = 0;
  std::string_view bytes;
};
// The whole in its order; views of `bytes` and of what the splices point to.
std::vector<std::string_view> pieces_of(const Buffer& bytes, const std::vector<Splice>& splices);

// Writes one block, column by column, to the end of `out`. The order of the calls is the order of the columns. Columns that differ
// from attempt to attempt come last: shrink(out, mark) and write them again (mark = out.size() before them). With `splices`, large
// buffers of columns aren't copied: they must stay as they are while the pieces are used.
class NativeWriter {
 public:
  NativeWriter(Buffer& out, size_t columns, size_t rows, std::vector<Splice>* splices = nullptr);
  void column(std::string_view name, const Column& column);  // of `rows` rows
  // Every row holds `value`: the bytes of a fixed-width type, or the text of a String or LowCardinality(String).
  void constant(std::string_view name, const Type& type, std::string_view value);
  template <class T>
    requires std::is_arithmetic_v<T>
  void constant(std::string_view name, const Type& type, T value) {
    constant(name, type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
  }
  void constant_uint128(std::string_view name, const Uuid& id);  // as UInt128

 private:
  void header(std::string_view name, const Type& type);
  void data(const Column& column);
  void raw(std::string_view bytes);
  Buffer& out_;
  size_t rows_;
  std::vector<Splice>* splices_;
};

// The whole block, all columns in order.
void write_native(const Block& block, Buffer& out);

}  // namespace millrace::columns

// libFuzzer: arbitrary bytes as ClickHouse's Native format. What is read is a whole block, which is written and read back the same.
#include "base/fuzz_seeds.h"
#include "columns/native_reader.h"
#include "columns/native_writer.h"

namespace millrace::columns {
namespace {

// Looks at every value, so that the sanitizers do.
size_t look(const Column& column, size_t rows) {
  MILLRACE_FUZZ_EXPECT(column.rows() == rows, to_string(column.type()) + " has another number of rows than its parent says");
  size_t seen = 0;
  const bool texts = column.layout() == Layout::kString || column.layout() == Layout::kLowCardinality;
  for (size_t row = 0; row < rows; ++row) seen += texts ? column.text(row).size() : column.is_null(row) ? 1 : 0;
  if (column.layout() == Layout::kNullable) seen += look(column.child(0), rows);
  if (column.layout() == Layout::kArray || column.layout() == Layout::kMap)
    for (size_t i = 0; i < column.child_count(); ++i) seen += look(column.child(i), rows == 0 ? 0 : column.elements_end(rows - 1));
  return seen;
}
std::string native(const Block& block) {
  Buffer out;
  write_native(block, out);
  return std::string(out.view());
}

void run(std::string_view bytes) {
  for (int blocks = 0; blocks < 100 && !bytes.empty(); ++blocks) {
    const size_t before = bytes.size();
    auto block = read_native(bytes);
    if (!block) {
      MILLRACE_FUZZ_EXPECT(bytes.size() == before, "an error moves nothing");
      return;
    }
    MILLRACE_FUZZ_EXPECT(bytes.size() < before, "a block has bytes");
    for (size_t i = 0; i < block->column_count(); ++i) look(block->column(i), block->rows());
    const std::string written = native(*block);
    std::string_view rest = written;
    const auto again = read_native(rest);
    MILLRACE_FUZZ_EXPECT(again.has_value() && rest.empty(), "what was written is read: " + (again ? "bytes are left" : again.error().message));
    MILLRACE_FUZZ_EXPECT(native(*again) == written, "what was read is written the same");
    std::vector<uint8_t> mask(block->rows());
    for (size_t row = 0; row < mask.size(); ++row) mask[row] = row % 3 != 0;
    block->keep(mask);
    for (size_t i = 0; i < block->column_count(); ++i) look(block->column(i), block->rows());
    block->truncate(block->rows() / 2);
    for (size_t i = 0; i < block->column_count(); ++i) look(block->column(i), block->rows());
  }
}

void fill(Column& column, size_t row) {
  const std::string text = "text " + std::to_string(row % 5);
  switch (column.layout()) {
    case Layout::kFixed: return column.append_fixed(std::string(column.width(), static_cast<char>(row)).data());
    case Layout::kString:
    case Layout::kLowCardinality: return column.append_text(text);
    case Layout::kNullable:
      if (row % 2 == 0) return column.append_null();
      column.append_not_null();
      return fill(column.child(0), row);
    case Layout::kArray:
    case Layout::kMap:
      for (size_t i = 0; i < row % 3; ++i)
        for (size_t child = 0; child < column.child_count(); ++child) fill(column.child(child), i);
      return column.append_end(row % 3);
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  std::vector<NamedType> every;
  for (const char* name :
       {"Bool", "Int64", "UInt128", "Float64", "String", "FixedString(3)", "UUID", "Date32", "DateTime('UTC')", "DateTime64(3, 'UTC')",
        "Enum8('a' = 0, 'it\\'s' = 1)", "Decimal(76, 0)", "Nullable(String)", "Array(Array(Nullable(Int64)))", "Map(String, Nullable(Float64))",
        "LowCardinality(String)", "LowCardinality(Nullable(String))", "Array(LowCardinality(String))", "Map(LowCardinality(String), Array(UUID))"})
    every.push_back({name, *parse_type(name)});
  for (size_t first = 0; first <= every.size(); ++first) {
    Block block(first == every.size() ? every : std::vector<NamedType>{every[first]});
    for (size_t row = 0; row < 5; ++row)
      for (size_t i = 0; i < block.column_count(); ++i) fill(block.column(i), row);
    block.set_rows(5);
    all.push_back(native(block));
    all.push_back(all.back() + all.back());
  }
  return all;
}

}  // namespace
}  // namespace millrace::columns

MILLRACE_FUZZ_TARGET(millrace::columns::run, millrace::columns::seeds)

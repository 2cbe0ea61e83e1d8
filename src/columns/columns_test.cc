#include <gtest/gtest.h>

#include <random>

#include "columns/native_reader.h"
#include "columns/native_writer.h"

namespace millrace::columns {
namespace {

std::vector<NamedType> every_type() {
  std::vector<NamedType> all;
  for (const char* name : {"Bool",
                           "Int8",
                           "Int64",
                           "UInt128",
                           "Float32",
                           "Float64",
                           "String",
                           "FixedString(3)",
                           "UUID",
                           "Date32",
                           "DateTime",
                           "DateTime('UTC')",
                           "DateTime64(3, 'UTC')",
                           "Enum8('a' = 0, 'it\\'s' = 1)",
                           "Enum16('x' = 300)",
                           "Decimal(9, 2)",
                           "Decimal(18, 4)",
                           "Decimal(38, 9)",
                           "Decimal(76, 0)",
                           "Nullable(String)",
                           "Nullable(Int32)",
                           "Array(String)",
                           "Array(Array(Nullable(Int64)))",
                           "Map(String, String)",
                           "Map(String, Nullable(Float64))",
                           "LowCardinality(String)",
                           "LowCardinality(Nullable(String))",
                           "Array(LowCardinality(String))",
                           "Map(LowCardinality(String), Array(UUID))"})
    all.push_back({name, *parse_type(name)});
  return all;
}
std::string native(const Block& block) {
  Buffer out;
  write_native(block, out);
  return std::string(out.view());
}

TEST(Type, NameIsReadBackAsTheSameType) {
  for (const auto& column : every_type()) EXPECT_EQ(to_string(column.type), column.name);
  EXPECT_EQ(to_string(*parse_type("Decimal64(2)")), "Decimal(18, 2)");
}
TEST(Type, NameThatIsNoneIsAnError) {
  for (const char* name : {"", "Int", "Nullable(Array(Int8))", "LowCardinality(Int64)", "Array(String", "Array(String))", "FixedString(0)", "Decimal(77, 0)",
                           "FixedString(99999999999999999999)", "Enum8('a')", "Enum8('a", "FixedString(99999999999)"})
    EXPECT_FALSE(parse_type(name)) << name;
}
TEST(Type, NullableGoesWhereClickHouseAllowsIt) {
  EXPECT_EQ(to_string(nullable(low_cardinality(simple(Kind::kString)))), "LowCardinality(Nullable(String))");
  EXPECT_EQ(to_string(nullable(array(simple(Kind::kString)))), "Array(String)");
  EXPECT_EQ(to_string(nullable(nullable(simple(Kind::kInt8)))), "Nullable(Int8)");
}

TEST(Native, BytesAreTheFormatsOwn) {  // by hand, from the format's description
  Block block({{"n", *parse_type("Nullable(Int16)")}, {"l", *parse_type("LowCardinality(String)")}, {"a", *parse_type("Array(String)")}});
  block.column(0).append_not_null(), block.column(0).child(0).append<int16_t>(258);
  block.column(0).append_null();
  block.column(1).append_text("x"), block.column(1).append_text("x");
  block.column(2).child(0).append_text("hi"), block.column(2).append_end(1), block.column(2).append_end(0);
  block.set_rows(2);
  const std::string expected = std::string("\x03\x02\x01n\x0fNullable(Int16)\x00\x01\x02\x01\x00\x00", 26) +
                               std::string("\x01l\x16LowCardinality(String)", 25) +
                               std::string("\x01\0\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01x", 26) + std::string("\x02\0\0\0\0\0\0\0\0\0", 10) +
                               std::string(
                                   "\x01"
                                   "a\x0d"
                                   "Array(String)\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02hi",
                                   35);
  EXPECT_EQ(native(block), expected);
}

Block filled(size_t rows) {
  Block block(every_type());
  auto fill = [](auto& self, Column& column, size_t row) -> void {
    const std::string text = "text " + std::string(row % 200, 'y') + std::to_string(row % 7);
    switch (column.layout()) {
      case Layout::kFixed: return column.append_fixed(std::string(column.width(), static_cast<char>(row)).data());
      case Layout::kString: return column.append_text(text);
      case Layout::kLowCardinality: return row % 3 == 0 ? column.append_default() : column.append_text(text);
      case Layout::kNullable: return row % 3 == 0 ? column.append_null() : (column.append_not_null(), self(self, column.child(0), row));
      default:
        for (size_t i = 0; i < row % 4; ++i)
          for (size_t c = 0; c < column.child_count(); ++c) self(self, column.child(c), row + i);
        return column.append_end(row % 4);
    }
  };
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < block.column_count(); ++i) fill(fill, block.column(i), row);
    block.end_row();
  }
  return block;
}

TEST(Native, EveryTypeIsReadBackAsItWasWritten) {
  for (const size_t rows : {0, 1, 7, 1000}) {
    const std::string bytes = native(filled(rows));
    std::string_view rest = bytes;
    auto block = read_native(rest);
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_EQ(rest.size(), 0u);
    EXPECT_EQ(block->rows(), rows);
    EXPECT_EQ(native(*block), bytes);
  }
}
TEST(Native, ReaderTakesTheMemoryOfASpareBlockAndNothingElse) {
  const std::string bytes = native(filled(50));
  Block other({{"n", simple(Kind::kString)}, {"m", simple(Kind::kInt64)}});
  other.column(0).append_text("left from before"), other.column(1).append<int64_t>(9);
  other.end_row();
  for (Block* spare : {&other, static_cast<Block*>(nullptr)}) {
    std::string_view rest = bytes;
    auto block = read_native(rest, spare != nullptr ? std::move(*spare) : filled(1000));
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_EQ(native(*block), bytes);
  }
}
TEST(Native, ReaderRefusesEveryCut) {
  const std::string bytes = native(filled(5));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    std::string_view rest = cut;
    EXPECT_FALSE(read_native(rest)) << size;
  }
}
TEST(Native, LowCardinalityWidensItsIndexesWithItsKeys) {
  for (const uint32_t keys : {256u, 257u, 65536u, 65537u}) {
    Block block({{"l", *parse_type("LowCardinality(String)")}});
    for (uint32_t i = 0; i < keys; ++i) block.column(0).append_text(std::to_string(i));
    block.set_rows(keys);
    const std::string bytes = native(block);
    std::string_view rest = bytes;
    auto back = read_native(rest);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->column(0).text(keys - 1), std::to_string(keys - 1));
  }
}
TEST(Native, ConstantColumnIsWhatAColumnOfThatValueWouldBe) {
  Block block({{"p", *parse_type("UInt128")}, {"t", *parse_type("LowCardinality(String)")}, {"d", *parse_type("DateTime")}, {"s", simple(Kind::kString)}});
  const Uuid id{7, 9};
  Buffer constant;
  NativeWriter writer(constant, 4, 3);
  writer.constant_uint128("p", id);
  writer.constant("t", *parse_type("LowCardinality(String)"), "order.created");
  writer.constant("d", *parse_type("DateTime"), uint32_t{77});
  writer.constant("s", simple(Kind::kString), "v");
  for (int row = 0; row < 3; ++row) {
    block.column(0).append_uint128(id), block.column(1).append_text("order.created"), block.column(2).append<uint32_t>(77), block.column(3).append_text("v");
    block.end_row();
  }
  EXPECT_EQ(constant.view(), native(block));
}

void append(Block& to, const Block& from, size_t first, size_t count) {
  for (size_t i = 0; i < to.column_count(); ++i) to.column(i).append_rows(from.column(i), first, count);
  to.set_rows(to.rows() + count);
}

TEST(Block, TruncateGivesTheBlockOfFewerRows) {
  for (const size_t rows : {0, 1, 5, 63}) {
    Block block = filled(64);
    block.truncate(rows);
    EXPECT_EQ(block.rows(), rows);
    EXPECT_EQ(native(block), native(filled(rows)));
  }
}
TEST(Block, TruncateUndoesARowLeftHalfDone) {
  Block block = filled(10);
  const int arrays = block.find("Array(Array(Nullable(Int64)))"), low = block.find("Array(LowCardinality(String))");
  Column& inner = block.column(static_cast<size_t>(arrays)).child(0);
  inner.child(0).append_not_null();
  inner.child(0).child(0).append<int64_t>(5);
  inner.append_end(1);
  inner.child(0).append_not_null();
  block.column(static_cast<size_t>(low)).child(0).append_text("never seen");
  block.column(0).append<uint8_t>(1);
  block.truncate(block.rows());
  EXPECT_EQ(native(block), native(filled(10)));
}
TEST(Block, KeepFromARowOnLeavesTheRowsBeforeItAndThoseOfTheMask) {
  std::mt19937 random(7);
  for (const size_t first : {0, 1, 37, 200}) {
    for (const int share : {0, 5, 50, 95, 100}) {  // percent that stay: long runs, single rows, nothing, all
      Block block = filled(200);
      std::vector<uint8_t> mask(200 - first);
      for (uint8_t& byte : mask) byte = static_cast<int>(random() % 100) < share;
      Block expected(every_type()), kept(every_type());
      for (size_t row = 0; row < 200; ++row)
        if (row < first || mask[row - first] != 0) append(expected, block, row, 1);
      block.keep(mask, first);
      append(kept, block, 0, block.rows());  // without the keys that no row has any more
      EXPECT_EQ(native(kept), native(expected)) << first << ", " << share << " %";
    }
  }
}
TEST(Block, KeepOfNoRowsIsAllowed) {
  Block block(every_type());
  block.keep({});
  EXPECT_EQ(block.rows(), 0u);
}
TEST(Block, KeepLeavesTheRowsOfTheMask) {
  Block block = filled(100);
  std::vector<uint8_t> first(100, 0);
  for (size_t i = 0; i < 40; ++i) first[i] = 1;
  block.keep(first);
  Block expected = filled(40);
  for (size_t i = 0; i < block.column_count(); ++i)  // a filtered dictionary keeps its keys: compare values
    for (size_t row = 0; row < 40; ++row) {
      if (block.column(i).layout() == Layout::kLowCardinality || block.column(i).layout() == Layout::kString) {
        EXPECT_EQ(block.column(i).text(row), expected.column(i).text(row));
      }
      EXPECT_EQ(block.column(i).is_null(row), expected.column(i).is_null(row));
    }
  std::vector<uint8_t> odd(40);
  for (size_t i = 0; i < 40; ++i) odd[i] = i % 2;
  block.keep(odd);
  EXPECT_EQ(block.rows(), 20u);
  const std::string bytes = native(block);
  std::string_view rest = bytes;
  auto back = read_native(rest);
  ASSERT_TRUE(back);
  const auto strings = static_cast<size_t>(block.find("Array(String)"));
  EXPECT_EQ(back->column(strings).elements_end(0) - back->column(strings).elements_begin(0), 1u);  // row 1 has one element
  EXPECT_EQ(back->column(strings).elements_end(1) - back->column(strings).elements_begin(1), 3u);  // row 3 has three
}
TEST(Block, KeepOfATailLeavesWhatStandsBeforeIt) {
  for (const size_t first : {0, 1, 37, 100}) {
    Block block = filled(100);
    std::vector<uint8_t> mask(100, 1);
    for (size_t row = first; row < 100; ++row) mask[row] = row % 3 == 0;
    Block expected = filled(100);
    expected.keep(mask);
    block.keep(std::span(mask).subspan(first), first);
    EXPECT_EQ(block.rows(), expected.rows());
    EXPECT_EQ(native(block), native(expected));
  }
}
TEST(Column, RowsOfAnotherAreAppendedAsIfTheyHadBeenWrittenHere) {
  const Block whole = filled(100);
  for (const auto& [first, count] : {std::pair{0, 100}, {0, 1}, {40, 60}, {99, 1}, {50, 0}}) {
    Block copy(every_type());
    const Block head = filled(static_cast<size_t>(first));
    for (size_t i = 0; i < copy.column_count(); ++i) {
      copy.column(i).append_rows(head.column(i), 0, head.rows());
      copy.column(i).append_rows(whole.column(i), static_cast<size_t>(first), static_cast<size_t>(count));
    }
    copy.set_rows(static_cast<size_t>(first + count));
    EXPECT_EQ(native(copy), native(filled(static_cast<size_t>(first + count)))) << first << " " << count;
  }
}
TEST(Column, ManyAtOnceAreWhatOneByOneIs) {
  std::string long_text(20'000, 'x');
  const std::vector<std::string_view> texts{"",        "a", std::string_view(long_text).substr(0, 127), std::string_view(long_text).substr(0, 128), "",
                                            long_text, "b"};
  for (const char* type : {"String", "LowCardinality(String)", "LowCardinality(Nullable(String))"}) {
    Column one(*parse_type(type)), many(*parse_type(type));
    for (int round = 0; round < 2; ++round) {
      for (const std::string_view text : texts) one.append_text(text);
      many.append_texts(texts);
      for (int i = 0; i < 3; ++i) one.append_default();
      many.append_defaults(3);
    }
    ASSERT_EQ(many.rows(), one.rows());
    EXPECT_EQ(many.marks().view(), one.marks().view()) << type;
    for (size_t row = 0; row < one.rows(); ++row) EXPECT_EQ(many.text(row), one.text(row)) << type << " " << row;
  }
  for (const char* type : {"Int64", "Nullable(Int32)", "Array(String)"}) {
    Column one(*parse_type(type)), many(*parse_type(type));
    for (int i = 0; i < 5; ++i) one.append_default();
    many.append_defaults(5);
    EXPECT_EQ(many.rows(), 5u);
    EXPECT_EQ(many.marks().view(), one.marks().view()) << type;
  }
}

TEST(NativeWriter, APiecewiseBlockIsTheCopiedOneByteForByte) {
  const Block block = filled(5000);
  Buffer out;
  std::vector<Splice> splices;
  NativeWriter writer(out, block.column_count(), block.rows(), &splices);
  for (size_t i = 0; i < block.column_count(); ++i) writer.column(block.name(i), block.column(i));
  std::string together;
  for (const std::string_view piece : pieces_of(out, splices)) together += piece;
  EXPECT_GT(splices.size(), 3u);
  EXPECT_EQ(together, native(block));
}
TEST(Block, ClearedBlockIsFilledWithoutAllocation) {
  Block block = filled(500);
  const size_t memory = block.memory();
  const std::string bytes = native(block);
  block.clear();
  EXPECT_EQ(block.bytes(), 1u);  // the NULL key of LowCardinality(Nullable)
  EXPECT_EQ(block.memory(), memory);
}
TEST(Dictionary, FindsEveryKeyAfterForgettingSome) {
  Dictionary dictionary;
  for (uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(dictionary.index_of("key" + std::to_string(i), i), i);
  dictionary.forget_rows_from(3000);
  EXPECT_EQ(dictionary.size(), 3000u);
  for (uint32_t i = 0; i < 3000; ++i) ASSERT_EQ(dictionary.index_of("key" + std::to_string(i), 9999), i);
  EXPECT_EQ(dictionary.index_of("key4999", 3000), 3000u);
}

}  // namespace
}  // namespace millrace::columns

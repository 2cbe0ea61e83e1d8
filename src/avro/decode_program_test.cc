#include "avro/decode_program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "avro/decode_promises.h"

// Counts every allocation of the process, for AllocatesNothingOnceWarm.
namespace {
size_t g_allocations = 0;
}
void* operator new(size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace millrace::avro {
namespace {

using testing::compile;
using testing::record;
using testing::types_of;

std::expected<void, Rejection> decode(const DecodeProgram& program, columns::Block& block, std::string_view bytes) {
  auto done = program.append(bytes, 0, block);
  if (done) block.end_row();
  return done;
}
std::string from(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}
RejectionCode refused(const DecodeProgram& program, std::string_view bytes) {
  columns::Block block(program.columns());
  auto done = program.append(bytes, 0, block);
  EXPECT_FALSE(done);
  return done ? RejectionCode::kTombstone : done.error().code;
}
// What a type's value becomes, by the text of its column.
std::string text_of(const std::string& type, const std::string& bytes) {
  const auto program = compile(type, type);
  columns::Block block(program.columns());
  auto done = decode(program, block, bytes);
  return done ? std::string(block.column(0).text(0)) : done.error().reason;
}

TEST(Columns, EveryTypeHasItsColumn) {
  const auto types = types_of(record(R"(
    {"name":"b","type":"boolean"}, {"name":"i","type":"int"}, {"name":"l","type":"long"}, {"name":"f","type":"float"},
    {"name":"d","type":"double"}, {"name":"by","type":"bytes"}, {"name":"s","type":"string"}, {"name":"n","type":"null"},
    {"name":"fx","type":{"type":"fixed","name":"F5","size":5}}, {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
    {"name":"ne","type":["null","E"]}, {"name":"ns","type":["null","string"]}, {"name":"sn","type":["string","null"]},
    {"name":"a","type":{"type":"array","items":["null","long"]}}, {"name":"m","type":{"type":"map","values":{"type":"array","items":"int"}}},
    {"name":"na","type":["null",{"type":"array","items":"int"}]},
    {"name":"d4","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"d8","type":{"type":"bytes","logicalType":"decimal","precision":18}},
    {"name":"d16","type":{"type":"fixed","name":"F16","size":16,"logicalType":"decimal","precision":38,"scale":9}},
    {"name":"d32","type":{"type":"bytes","logicalType":"decimal","precision":60,"scale":9}},
    {"name":"u","type":{"type":"string","logicalType":"uuid"}}, {"name":"dt","type":{"type":"int","logicalType":"date"}},
    {"name":"tm","type":{"type":"int","logicalType":"time-millis"}}, {"name":"tu","type":{"type":"long","logicalType":"time-micros"}},
    {"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}}, {"name":"tsu","type":{"type":"long","logicalType":"timestamp-micros"}},
    {"name":"du","type":{"type":"fixed","name":"D12","size":12,"logicalType":"duration"}},
    {"name":"r","type":{"type":"record","name":"Inner","fields":[{"name":"x","type":"int"},{"name":"y","type":["null","string"]}]}},
    {"name":"nr","type":["null","Inner"]}, {"name":"ar","type":{"type":"array","items":"Inner"}}, {"name":"mr","type":{"type":"map","values":"Inner"}},
    {"name":"un","type":["int","string"]}, {"name":"unn","type":["null","int","string"]}, {"name":"au","type":{"type":"array","items":["int","string"]}},
    {"name":"rec","type":["null","Root"]})"));
  const std::vector<std::string> expected = {"b Bool",
                                             "i Int32",
                                             "l Int64",
                                             "f Float32",
                                             "d Float64",
                                             "by String",
                                             "s String",
                                             "fx FixedString(5)",
                                             "e LowCardinality(String)",
                                             "ne LowCardinality(Nullable(String))",
                                             "ns Nullable(String)",
                                             "sn Nullable(String)",
                                             "a Array(Nullable(Int64))",
                                             "m Map(String, Array(Int32))",
                                             "na Array(Int32)",
                                             "d4 Decimal(9, 2)",
                                             "d8 Decimal(18, 0)",
                                             "d16 Decimal(38, 9)",
                                             "d32 Decimal(60, 9)",
                                             "u UUID",
                                             "dt Date32",
                                             "tm Int32",
                                             "tu Int64",
                                             "ts DateTime64(3, 'UTC')",
                                             "tsu DateTime64(6, 'UTC')",
                                             "du FixedString(12)",
                                             "r.x Int32",
                                             "r.y Nullable(String)",
                                             "nr.x Nullable(Int32)",
                                             "nr.y Nullable(String)",
                                             "ar String",
                                             "mr String",
                                             "un String",
                                             "unn Nullable(String)",
                                             "au String",
                                             "rec Nullable(String)"};
  EXPECT_EQ(types, expected);
}

TEST(Columns, DefaultsFillWhatTheWriterLacks) {
  const auto program = compile(record(R"({"name":"gone","type":{"type":"array","items":"string"}},{"name":"old","type":"int"})"),
                               record(R"({"name":"new","aliases":["old"],"type":"long"},{"name":"s","type":"string","default":"x"},
                                  {"name":"n","type":["null","int"],"default":null},{"name":"t","type":["string","null"],"default":"y"},
                                  {"name":"a","type":{"type":"array","items":"int"},"default":[1,2]},
                                  {"name":"r","type":{"type":"record","name":"In","fields":[{"name":"q","type":"double","default":0.5}]},"default":{}}
                               )"));
  columns::Block block(program.columns());
  ASSERT_TRUE(decode(program, block, from({2, 2, 'z', 0, 84})));
  ASSERT_TRUE(decode(program, block, from({1, 4, 2, 'z', 0, 84})));  // a block that tells its size is skipped whole
  for (size_t row = 0; row < 2; ++row) {
    EXPECT_EQ(block.column(0).value<int64_t>(row), 42);
    EXPECT_EQ(block.column(1).text(row), "x");
    EXPECT_TRUE(block.column(2).is_null(row));
    EXPECT_EQ(block.column(3).child(0).text(row), "y");
    EXPECT_EQ(block.column(4).elements_end(row), 2 * (row + 1));
    EXPECT_EQ(block.column(4).child(0).value<int32_t>(2 * row + 1), 2);
    EXPECT_EQ(block.column(5).value<double>(row), 0.5);
  }
}

TEST(Columns, NullRecordMakesItsFieldsNull) {
  const auto schema = record(R"({"name":"r","type":["null",{"type":"record","name":"In","fields":[{"name":"x","type":"int"},
    {"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"l","type":{"type":"array","items":"int"}},
    {"name":"j","type":["int","string"]},{"name":"deep","type":{"type":"record","name":"Deep","fields":[{"name":"z","type":["null","long"]}]}}]}]})");
  const auto program = compile(schema, schema);
  columns::Block block(program.columns());
  ASSERT_TRUE(decode(program, block, from({0})));
  ASSERT_TRUE(decode(program, block, from({2, 6, 0, 2, 8, 0, 2, 2, 'q', 2, 10})));
  EXPECT_TRUE(block.column(0).is_null(0) && block.column(1).is_null(0) && block.column(3).is_null(0) && block.column(4).is_null(0));
  EXPECT_EQ(block.column(2).elements_end(0), 0u);
  EXPECT_EQ(block.column(0).child(0).value<int32_t>(1), 3);
  EXPECT_EQ(block.column(1).text(1), "A");
  EXPECT_EQ(block.column(3).child(0).text(1), "\"q\"");
  EXPECT_EQ(block.column(4).child(0).value<int64_t>(1), 5);
  columns::Buffer out;
  write_native(block, out);  // checks that all columns have as many rows
}

TEST(Columns, LogicalTypesKeepTheirValue) {
  const auto schema = record(R"({"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"w","type":{"type":"bytes","logicalType":"decimal","precision":38,"scale":0}},
    {"name":"u","type":{"type":"string","logicalType":"uuid"}},{"name":"t","type":{"type":"int","logicalType":"date"}})");
  const auto program = compile(schema, schema);
  columns::Block block(program.columns());
  const std::string uuid = "00112233-4455-6677-8899-aabbccddeeff";
  ASSERT_TRUE(decode(program, block, from({4, 0xff, 0x85, 20, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 72}) + uuid + from({2})));
  EXPECT_EQ(block.column(0).value<int32_t>(0), -123);
  EXPECT_EQ(block.column(1).value<int64_t>(0), 1);
  EXPECT_EQ(block.column(1).value<int64_t>(1), -256);  // the upper half: -2^72 + 1
  EXPECT_EQ(block.column(2).value<uint64_t>(0), 0x0011223344556677u);
  EXPECT_EQ(block.column(2).value<uint64_t>(1), 0x8899aabbccddeeffu);
  EXPECT_EQ(block.column(3).value<int32_t>(0), 1);
  EXPECT_EQ(refused(program, from({8, 0x3b, 0x9a, 0xca, 0x00, 0, 0, 0})), RejectionCode::kOutOfRange);  // 10^9 has ten digits
}

TEST(Columns, TimestampsOfAnotherUnitAreConverted) {
  const auto type = [](const char* unit) { return std::string(R"({"type":"long","logicalType":"timestamp-)") + unit + "\"}"; };
  const auto finer = compile(type("millis"), type("micros")), coarser = compile(type("micros"), type("millis"));
  columns::Block fine(finer.columns()), coarse(coarser.columns());
  ASSERT_TRUE(decode(finer, fine, from({10})));
  ASSERT_TRUE(decode(coarser, coarse, from({1})));
  EXPECT_EQ(fine.column(0).value<int64_t>(0), 5000);
  EXPECT_EQ(coarse.column(0).value<int64_t>(0), -1);
  EXPECT_EQ(refused(finer, from({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})), RejectionCode::kOutOfRange);
}

TEST(Text, HoldsWhatHasNoColumn) {
  EXPECT_EQ(text_of(R"({"type":"array","items":{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":["null","string"]}]}})",
                    from({4, 2, 0, 4, 2, 4, '"', '\n', 0})),
            R"([{"a":1,"b":null},{"a":2,"b":"\"\n"}])");
  EXPECT_EQ(text_of(R"({"type":"map","values":["int","boolean"]})", from({4, 2, 'k', 2, 1, 2, 'l', 0, 3, 0})), R"({"k":true,"l":-2})");
  EXPECT_EQ(text_of(R"(["int",{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}])", from({2, 2, 0xfb})), R"("-0.05")");
  EXPECT_EQ(text_of(R"(["int",{"type":"bytes","logicalType":"decimal","precision":5,"scale":0}])", from({2, 4, 0x80, 0})), R"("-32768")");
  EXPECT_EQ(text_of(R"(["int","double","bytes"])", from({4, 4, 1, 0xe9})), "\"\\u0001\u00e9\"");
  EXPECT_EQ(text_of(R"(["int","double"])", from({2, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f})), R"("Infinity")");
}

TEST(Hostile, RejectionNamesFieldAndByte) {
  const auto schema =
      record(R"({"name":"a","type":"int"},{"name":"r","type":{"type":"record","name":"In","fields":[{"name":"s","type":{"type":"array","items":"string"}}]}})");
  const auto program = compile(schema, schema);
  columns::Block block(program.columns());
  const auto done = program.append(std::string("\0\0\0\0\x01", 5) + from({2, 2, 20, 'x'}), 5, block);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, RejectionCode::kBadLength);
  EXPECT_EQ(done.error().stage, Stage::kDecode);
  EXPECT_EQ(done.error().reason, "r.s[]: a length reaches past the end, at byte " + std::to_string(done.error().byte));
  EXPECT_EQ(done.error().byte, 7);
}

TEST(Hostile, EndsInBoundedTimeAndMemory) {
  using enum RejectionCode;
  const auto nulls = compile(R"({"type":"array","items":"null"})", R"({"type":"array","items":"null"})");
  EXPECT_EQ(refused(nulls, from({0x80, 0x88, 0xde, 0xbe, 1, 0})), kTooLarge);                                 // 200 million nulls
  EXPECT_EQ(refused(nulls, from({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})), kBadLength);  // INT64_MIN elements
  const auto longs = compile(R"({"type":"array","items":"long"})", R"({"type":"array","items":"long"})");
  EXPECT_EQ(refused(longs, from({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})), kBadLength);
  EXPECT_EQ(refused(longs, from({3, 0x7f, 2})), kBadLength);  // negative size of a block
  EXPECT_EQ(refused(longs, from({2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})), kBadVarint);
  EXPECT_EQ(refused(longs, from({2})), kBadLength);  // an element that has no byte left
  EXPECT_EQ(refused(longs, from({})), kTruncated);
  EXPECT_EQ(refused(longs, from({0, 0})), kTrailingBytes);
  const auto text = compile("\"string\"", "\"string\"");
  EXPECT_EQ(refused(text, from({1})), kBadLength);
  EXPECT_EQ(refused(text, from({4, 0xc0, 0x80})), kBadUtf8);
  EXPECT_EQ(refused(text, from({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})), kBadLength);
  const auto integer = compile("\"int\"", "\"int\"");
  EXPECT_EQ(refused(integer, from({0x80, 0x80, 0x80, 0x80, 0x10})), kBadVarint);
  EXPECT_EQ(refused(compile("\"boolean\"", "\"boolean\""), from({2})), kBadBoolean);
  EXPECT_EQ(refused(compile(R"(["null","int"])", R"(["null","int"])"), from({4})), kBadUnionBranch);
  EXPECT_EQ(refused(compile(R"(["null","int","long"])", R"(["null","int","long"])"), from({1})), kBadUnionBranch);
  const std::string symbols = R"({"type":"enum","name":"E","symbols":["A","B"]})";
  EXPECT_EQ(refused(compile(symbols, symbols), from({4})), kBadEnumSymbol);
  const std::string list = R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})";
  EXPECT_EQ(refused(compile(list, list), std::string(100000, 2)), kTooDeep);
  EXPECT_EQ(refused(compile(list, R"({"type":"record","name":"L","fields":[]})"), std::string(100000, 2)), kTooDeep);  // while skipping
  const std::string endless = R"({"type":"record","name":"R","fields":[{"name":"r","type":"R"}]})";
  EXPECT_EQ(refused(compile(endless, endless), ""), kTooDeep);
  const auto grown =
      compile(R"({"type":"array","items":{"type":"record","name":"G","fields":[]}})",
              R"({"type":"array","items":{"type":"record","name":"G","fields":[{"name":"s","type":"string","default":")" + std::string(1000, 'x') + R"("}]}})");
  EXPECT_EQ(refused(grown, from({0x80, 0x89, 0x7a, 0})), kTooLarge);  // a million elements, each a default of 1,000 bytes
  std::string wide = R"({"type":"record","name":"W0","fields":[]})";  // 2^40 records of no bytes
  for (int i = 1; i <= 40; ++i)
    wide = R"({"type":"record","name":"W)" + std::to_string(i) + R"(","fields":[{"name":"l","type":)" + wide + R"(},{"name":"r","type":"W)" +
           std::to_string(i - 1) + R"("}]})";
  EXPECT_EQ(refused(compile(record(R"({"name":"w","type":)" + wide + "}"), record("")), ""), kTooLarge);
}

TEST(Hostile, EveryCutOfARecordIsRefusedAndUndone) {
  const auto program = compile(testing::kPageView, testing::kPageView);
  const std::string whole = testing::page_view(3);
  columns::Block block(program.columns());
  ASSERT_TRUE(decode(program, block, whole));
  columns::Buffer before;
  write_native(block, before);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    ASSERT_FALSE(program.append(cut, 0, block)) << size;
    columns::Buffer after;
    write_native(block, after);
    ASSERT_EQ(after.view(), before.view()) << size;
  }
}

TEST(DecodeProgram, AllocatesNothingOnceWarm) {
  const auto program = compile(testing::kPageView, testing::kPageView);
  columns::Block block(program.columns());
  std::vector<std::string> records;
  for (uint32_t i = 0; i < 1000; ++i) records.push_back(testing::page_view(i));
  for (const auto& bytes : records) ASSERT_TRUE(decode(program, block, bytes));
  block.clear();
  const size_t memory = block.memory(), before = g_allocations;
  bool good = true;
  for (const auto& bytes : records) good &= decode(program, block, bytes).has_value();
  EXPECT_EQ(g_allocations, before);
  EXPECT_EQ(block.memory(), memory);
  EXPECT_TRUE(good);
}

TEST(DecodeProgram, SchemasThatNestTooDeeplyAreRefusedWhenCompiled) {
  const auto writer = testing::parse(fuzz::deep_record("w")), reader = testing::parse(fuzz::deep_record("r"));
  MappingOptions as_json;
  as_json.form = MappingOptions::Form::kJson;
  const auto program = DecodeProgram::compile(*writer, *reader, as_json);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, RejectionCode::kTooLarge);
  const auto columns = map_columns(*reader);
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().code, RejectionCode::kTooLarge);
}

// W1 and R1 don't resolve, but while that is being found out, W2 and R2 are looked at, which hold W1 and R1.
TEST(DecodeProgram, APairThatWasBelievedToResolveWhileAnotherWasLookedAtIsLookedAtAgain) {
  const std::string two = R"({"type":"record","name":"Two","fields":[{"name":"one","type":"One"}]})";
  auto one = [&](const std::string& wrong) {
    return R"({"type":"record","name":"One","fields":[{"name":"two","type":["null",)" + two + R"(]},{"name":"wrong","type":")" + wrong + R"("}]})";
  };
  const std::string three = R"({"type":"record","name":"Three","fields":[{"name":"two","type":"Two"}]})";
  const auto writer = testing::parse("[" + one("int") + "," + three + "]"), reader = testing::parse("[" + one("string") + "," + three + "]");
  const auto program = DecodeProgram::compile(*writer, *reader);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, RejectionCode::kIncompatibleSchema);
}

TEST(DecodeProgram, SchemasThatDontResolveAreRefusedWhenCompiled) {
  const auto writer = testing::parse("\"string\""), reader = testing::parse("\"int\"");
  const auto program = DecodeProgram::compile(*writer, *reader);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, RejectionCode::kIncompatibleSchema);
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += (i == 0 ? "" : ",") + std::string(R"({"name":"f)") + std::to_string(i) + R"(","type":"int"})";
  EXPECT_EQ(DecodeProgram::compile(*testing::parse(record(wide)), *testing::parse(record(wide))).error().code, RejectionCode::kTooLarge);
}

}  // namespace
}  // namespace millrace::avro

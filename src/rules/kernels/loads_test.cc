// Every column that rules can read, whole and in a choice of rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/column_of.h"
#include "rules/kernels/append.h"
#include "rules/kernels/evaluate_testing.h"

namespace millrace::rules {
namespace {

using columns::Kind;
using ::testing::ElementsAre;

// A block of one column "x" whose rows are the given texts' values, put there by append() where it knows the way.
testing::Bench bench_of(const columns::Type& type, bool bytes = false) {
  return testing::Bench({{"x", type}}, bytes ? std::vector<std::string>{"x"} : std::vector<std::string>{});
}

template <class... T>
void fill(testing::Bench& bench, T... values) {
  (bench.block.column(0).append(values), ...);
  bench.block.set_rows(sizeof...(values));
}
std::vector<std::string> all_and_some(testing::Bench& bench) {
  auto texts = bench.run("x");
  const std::vector<uint32_t> rows = {1, 0, 1};
  const auto some = bench.run("x", rows);
  EXPECT_THAT(some, ElementsAre(texts[1], texts[0], texts[1])) << "rows that aren't neighbours";
  return texts;
}

template <class Stored>
std::vector<std::string> numbers(const columns::Type& type, Stored a, Stored b) {
  auto bench = bench_of(type);
  fill(bench, a, b);
  return all_and_some(bench);
}

TEST(Loads, NumbersOfEveryWidth) {
  EXPECT_THAT(numbers<uint8_t>(columns::simple(Kind::kBool), 1, 0), ElementsAre("true", "false"));
  EXPECT_THAT(numbers<int8_t>(columns::simple(Kind::kInt8), -128, 127), ElementsAre("-128", "127"));
  EXPECT_THAT(numbers<int16_t>(columns::simple(Kind::kInt16), -32768, 1), ElementsAre("-32768", "1"));
  EXPECT_THAT(numbers<int32_t>(columns::simple(Kind::kInt32), INT32_MIN, 1), ElementsAre("-2147483648", "1"));
  EXPECT_THAT(numbers<int64_t>(columns::simple(Kind::kInt64), INT64_MIN, 1), ElementsAre("-9223372036854775808", "1"));
  EXPECT_THAT(numbers<uint8_t>(columns::simple(Kind::kUInt8), 255, 1), ElementsAre("255u", "1u"));
  EXPECT_THAT(numbers<uint16_t>(columns::simple(Kind::kUInt16), 65535, 1), ElementsAre("65535u", "1u"));
  EXPECT_THAT(numbers<uint32_t>(columns::simple(Kind::kUInt32), UINT32_MAX, 1), ElementsAre("4294967295u", "1u"));
  EXPECT_THAT(numbers<uint64_t>(columns::simple(Kind::kUInt64), UINT64_MAX, 1), ElementsAre("18446744073709551615u", "1u"));
  EXPECT_THAT(numbers<float>(columns::simple(Kind::kFloat32), 0.5F, -2.0F), ElementsAre("0.5", "-2.0"));
  EXPECT_THAT(numbers<double>(columns::simple(Kind::kFloat64), 0.1, 1e300), ElementsAre("0.1", "1e+300"));
}
TEST(Loads, TimesOfEveryPrecision) {
  EXPECT_THAT(numbers<uint16_t>(columns::simple(Kind::kDate), 1, 0), ElementsAre("timestamp(\"1970-01-02T00:00:00Z\")", "timestamp(\"1970-01-01T00:00:00Z\")"));
  EXPECT_THAT(numbers<int32_t>(columns::simple(Kind::kDate32), -1, 0),
              ElementsAre("timestamp(\"1969-12-31T00:00:00Z\")", "timestamp(\"1970-01-01T00:00:00Z\")"));
  EXPECT_THAT(numbers<uint32_t>(columns::date_time(), 1234567890, 0),
              ElementsAre("timestamp(\"2009-02-13T23:31:30Z\")", "timestamp(\"1970-01-01T00:00:00Z\")"));
  EXPECT_THAT(numbers<int64_t>(columns::date_time64(3), 1234567890123, -1),
              ElementsAre("timestamp(\"2009-02-13T23:31:30.123Z\")", "timestamp(\"1969-12-31T23:59:59.999Z\")"));
  EXPECT_THAT(numbers<int64_t>(columns::date_time64(0), -62135596800, 253402300799),
              ElementsAre("timestamp(\"0001-01-01T00:00:00Z\")", "timestamp(\"9999-12-31T23:59:59Z\")"));
  EXPECT_THAT(numbers<int64_t>(columns::date_time64(9), 1, -1),
              ElementsAre("timestamp(\"1970-01-01T00:00:00.000000001Z\")", "timestamp(\"1969-12-31T23:59:59.999999999Z\")"));
}
TEST(Loads, DecimalsOfEveryWidth) {
  EXPECT_THAT(numbers<int32_t>(columns::decimal(9, 2), 1250, -5), ElementsAre("12.50", "-0.05"));
  EXPECT_THAT(numbers<int64_t>(columns::decimal(18, 0), 1250, -5), ElementsAre("1250", "-5"));
  EXPECT_THAT(numbers<Int128>(columns::decimal(38, 38), power_of_ten(37), -1),
              ElementsAre("0.10000000000000000000000000000000000000", "-0.00000000000000000000000000000000000001"));
  EXPECT_THAT(numbers<Int256>(columns::decimal(60, 10), Int256(Int128{12500000000}), Int256(Int128{-1})), ElementsAre("1.2500000000", "-0.0000000001"));
}
TEST(Loads, WideDecimalsAreComparedExactly) {
  testing::Bench bench({{"x", columns::decimal(76, 0)}, {"y", columns::decimal(76, 76)}});
  Uint256 most(1);
  most.scale_up(76);
  most.subtract(Uint256(1));
  bench.block.column(0).append(Int256(false, most)), bench.block.column(1).append(Int256(false, most)), bench.block.end_row();
  bench.block.column(0).append(Int256(Int128{1})), bench.block.column(1).append(Int256(true, most)), bench.block.end_row();
  EXPECT_THAT(bench.run("x > y"), ElementsAre("true", "true"));
  EXPECT_THAT(bench.run("x == 1"), ElementsAre("false", "true"));
  EXPECT_THAT(bench.run("y > 0.5"), ElementsAre("true", "false"));
  EXPECT_THAT(bench.run("decimal(y, 2)"), ElementsAre("1.00", "-1.00"));
  EXPECT_THAT(bench.run("decimal(x, 2)"), ElementsAre("! the result doesn't fit into the decimal's digits", "1.00"));
  EXPECT_THAT(bench.run("int(x)"), ElementsAre("! the result doesn't fit into an int (64 bits)", "1"));
}

std::vector<std::string> texts(const columns::Type& type, std::string_view a, std::string_view b, bool bytes = false) {
  auto bench = bench_of(type, bytes);
  bench.block.column(0).append_text(a), bench.block.column(0).append_text(b);
  bench.block.set_rows(2);
  return all_and_some(bench);
}
TEST(Loads, Texts) {
  const auto string = columns::simple(Kind::kString);
  EXPECT_THAT(texts(string, "", std::string(200, 'x')), ElementsAre("\"\"", "\"" + std::string(200, 'x') + "\""));
  EXPECT_THAT(texts(string, "a", "b", true), ElementsAre("b\"a\"", "b\"b\""));
  EXPECT_THAT(texts(columns::low_cardinality(string), "new", "paid"), ElementsAre("\"new\"", "\"paid\""));
}
TEST(Loads, FixedStringsUuidsAndSymbols) {
  auto fixed = bench_of(columns::fixed_string(3));
  fixed.block.column(0).append_fixed("abc"), fixed.block.column(0).append_fixed("d\xFF\0"), fixed.block.set_rows(2);
  EXPECT_THAT(all_and_some(fixed), ElementsAre("b\"abc\"", "b\"d\\xff\\x00\""));
  auto uuid = bench_of(columns::simple(Kind::kUuid));
  uuid.block.column(0).append(Uuid{0x0123456789abcdef, 0xfedcba9876543210}), uuid.block.column(0).append(Uuid{0, 1}), uuid.block.set_rows(2);
  EXPECT_THAT(all_and_some(uuid), ElementsAre("\"01234567-89ab-cdef-fedc-ba9876543210\"", "\"00000000-0000-0000-0000-000000000001\""));
  EXPECT_THAT(numbers<int8_t>(columns::enumeration({"new", "paid"}), 1, 0), ElementsAre("\"paid\"", "\"new\""));
  columns::Type wide = columns::simple(Kind::kEnum16);
  wide.symbols = {{"least", -32768}, {"most", 32767}};
  EXPECT_THAT(numbers<int16_t>(wide, 32767, -32768), ElementsAre("\"most\"", "\"least\""));
}
TEST(Loads, Nulls) {
  auto plain = bench_of(columns::nullable(columns::simple(Kind::kInt64)));
  auto& column = plain.block.column(0);
  column.append_not_null(), column.child(0).append<int64_t>(5), column.append_null(), plain.block.set_rows(2);
  EXPECT_THAT(all_and_some(plain), ElementsAre("5", "null"));
  EXPECT_THAT(plain.run("x.orValue(9)"), ElementsAre("5", "9"));
  EXPECT_THAT(plain.run("x == null"), ElementsAre("false", "true"));
  EXPECT_THAT(plain.run("x != 5"), ElementsAre("false", "true"));
  EXPECT_THAT(plain.run("has(x) && x > 3"), ElementsAre("true", "false"));
  auto low = bench_of(columns::nullable(columns::low_cardinality(columns::simple(Kind::kString))));
  low.block.column(0).append_text("a"), low.block.column(0).append_null(), low.block.set_rows(2);
  EXPECT_THAT(all_and_some(low), ElementsAre("\"a\"", "null"));
}
TEST(Loads, ListsAndMaps) {
  auto list = bench_of(columns::array(columns::nullable(columns::simple(Kind::kInt64))));
  auto& x = list.block.column(0);
  x.child(0).append_not_null(), x.child(0).child(0).append<int64_t>(1), x.child(0).append_null(), x.append_end(2), x.append_end(0), list.block.set_rows(2);
  EXPECT_THAT(all_and_some(list), ElementsAre("[1, null]", "[]"));
  EXPECT_THAT(list.run("x.filter(e, e != null).map(e, e + 1)"), ElementsAre("[2]", "[]"));
  EXPECT_THAT(list.run("x[0]"), ElementsAre("1", "! the index is outside of the list"));
  auto map = bench_of(columns::map(columns::simple(Kind::kString), columns::array(columns::simple(Kind::kInt32))));
  auto& m = map.block.column(0);
  m.append_end(0);
  m.child(0).append_text("a"), m.child(1).child(0).append<int32_t>(1), m.child(1).child(0).append<int32_t>(2), m.child(1).append_end(2);
  m.child(0).append_text("b"), m.child(1).append_end(0), m.append_end(2), map.block.set_rows(2);
  EXPECT_THAT(all_and_some(map), ElementsAre("{}", "{\"a\": [1, 2], \"b\": []}"));
  EXPECT_THAT(map.run("'a' in x && x.a.size() == 2"), ElementsAre("false", "true"));
  EXPECT_THAT(map.run("x.all(k, k in ['a', 'b'])"), ElementsAre("true", "true"));
}

// What a rule gives goes into a column that is read as the same value again.
TEST(Appends, WhatARuleGivesComesBackFromItsColumn) {
  testing::Bench bench({{"i", columns::simple(Kind::kInt64)}});
  bench.block.column(0).append<int64_t>(3), bench.block.end_row();
  for (const std::string source : {"i > 1", "i + 1", "uint(i)", "double(i) / 2.0", "string(i) + 'x'", "bytes(string(i))", "decimal('1.25') * i", "timestamp(i)",
                                   "[string(i), null]", "{'a': [i], 'b': [1]}", "i > 5 ? i : null"}) {
    const Compiled compiled = bench.compile_source(source);
    const ParameterTable parameters(compiled.parameters);
    const std::vector<uint32_t> rows = {0};
    const Vector& result = bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = rows}, parameters);
    const auto type = column_of(compiled.program->type());
    ASSERT_TRUE(type.has_value()) << source << ": " << type.error();
    EXPECT_EQ(misfit(compiled.program->type(), *type), "") << source;
    testing::Bench back({{"x", *type}}, source.starts_with("bytes") ? std::vector<std::string>{"x"} : std::vector<std::string>{});
    ASSERT_TRUE(append(result, 0, back.block.column(0)).has_value()) << source;
    back.block.end_row();
    EXPECT_EQ(back.run("x")[0], bench.run(source)[0]) << source;
  }
}
std::string appended(std::string_view source, const columns::Type& type) {
  testing::Bench bench({{"i", columns::simple(Kind::kInt64)}}), back({{"x", type}});
  bench.block.column(0).append<int64_t>(3), bench.block.end_row();
  const Compiled compiled = bench.compile_source(source);
  const ParameterTable parameters(compiled.parameters);
  const std::vector<uint32_t> rows = {0};
  const auto done = append(bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = rows}, parameters), 0, back.block.column(0));
  EXPECT_EQ(back.block.column(0).rows(), done ? 1U : 0U) << "nothing is appended that doesn't fit";
  if (!done) return done.error();
  back.block.end_row();
  return back.run("x")[0];
}
TEST(Appends, ColumnsOfTheSameFamilyTakeWhatFits) {
  const auto string = columns::simple(Kind::kString);
  EXPECT_EQ(appended("i * 40", columns::simple(Kind::kInt8)), "120");
  EXPECT_EQ(appended("i * 50", columns::simple(Kind::kInt8)), "150 doesn't fit into Int8");
  EXPECT_EQ(appended("i - 4", columns::simple(Kind::kUInt32)), "-1 doesn't fit into UInt32");
  EXPECT_EQ(appended("i > 1 ? 'paid' : ''", columns::enumeration({"new", "paid"})), "\"paid\"");
  EXPECT_EQ(appended("i > 5 ? 'paid' : ''", columns::enumeration({"new", "paid"})), "\"\" doesn't fit into Enum8('new' = 0, 'paid' = 1)");
  EXPECT_EQ(appended("i > 5 ? 'paid' : null", columns::low_cardinality(string)), "null doesn't fit into LowCardinality(String)");
  EXPECT_EQ(appended("i > 5 ? 'paid' : null", columns::nullable(columns::low_cardinality(string))), "null");
  EXPECT_EQ(appended("timestamp('2026-01-31T23:59:59.123Z')", columns::date_time64(3)), "timestamp(\"2026-01-31T23:59:59.123Z\")");
  EXPECT_EQ(appended("timestamp('2026-01-31T23:59:59.123Z')", columns::date_time()), "2026-01-31T23:59:59.123Z doesn't fit into DateTime");
  EXPECT_EQ(appended("timestamp('2026-01-31T00:00:00Z')", columns::simple(Kind::kDate32)), "timestamp(\"2026-01-31T00:00:00Z\")");
  EXPECT_EQ(appended("decimal('1.50') * i", columns::decimal(9, 1)), "4.5");
  EXPECT_EQ(appended("decimal('1.55') * i", columns::decimal(9, 1)), "4.65 doesn't fit into Decimal(9, 1)");
  EXPECT_EQ(appended("decimal('1.5') * i", columns::decimal(60, 20)), "4.50000000000000000000");
  EXPECT_EQ(appended("'01234567-89AB-cdef-fedc-ba9876543210'", columns::simple(Kind::kUuid)), "\"01234567-89ab-cdef-fedc-ba9876543210\"");
  EXPECT_EQ(appended("'1234'", columns::simple(Kind::kUuid)), "\"1234\" doesn't fit into UUID");
  EXPECT_EQ(appended("[1, i * 100]", columns::array(columns::simple(Kind::kInt8))), "300 doesn't fit into Int8");
}
}  // namespace
}  // namespace millrace::rules

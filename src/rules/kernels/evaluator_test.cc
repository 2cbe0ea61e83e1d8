#include "rules/kernels/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/kernels/evaluate_testing.h"

namespace millrace::rules {
namespace {

using columns::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kZero = "! division by zero";

class Evaluation : public ::testing::Test {
 protected:
  Evaluation()
      : bench({{"n", columns::simple(Kind::kInt64)},
               {"note", columns::nullable(columns::simple(Kind::kString))},
               {"status", columns::low_cardinality(columns::simple(Kind::kString))},
               {"tags", columns::array(columns::simple(Kind::kString))}}) {
    auto& block = bench.block;
    for (int64_t row = 0; row < 4; ++row) {
      block.column(0).append(row);
      if (row % 2 == 0)
        block.column(1).append_null();
      else
        block.column(1).append_not_null(), block.column(1).child(0).append_text("note " + std::to_string(row));
      block.column(2).append_text(row == 3 ? "paid" : "new");
      for (int64_t tag = 0; tag < row; ++tag) block.column(3).child(0).append_text("t" + std::to_string(tag));
      block.column(3).append_end(static_cast<uint64_t>(row));
      block.end_row();
    }
  }
  testing::Bench bench;
};

TEST_F(Evaluation, OneSideOfAConnectiveDecidesWhateverFails) {
  EXPECT_THAT(bench.run("6 / n > 2 && n > 0"), ElementsAre("false", "true", "true", "false"));
  EXPECT_THAT(bench.run("6 / n > 2 || n == 0"), ElementsAre("true", "true", "true", "false"));
  EXPECT_THAT(bench.run("6 / n > 2 && n < 3"), ElementsAre(kZero, "true", "true", "false"));
  EXPECT_THAT(bench.run("6 / n > 2 || n == 1"), ElementsAre(kZero, "true", "true", "false"));
  EXPECT_THAT(bench.run("6 / n > 2 && string(n).matches('^[12]')"), ElementsAre("false", "true", "true", "false")) << "the costly side runs for what failed";
  EXPECT_THAT(bench.run("string(6 / n).matches('x') || string(n).matches('0')"), ElementsAre("true", "false", "false", "false"));
  EXPECT_THAT(bench.run("!(6 / n > 2) && n == 0"), ElementsAre(kZero, "false", "false", "false"));
}
TEST_F(Evaluation, OnlyTheChosenBranchFails) {
  EXPECT_THAT(bench.run("n == 0 ? -1 : 6 / n"), ElementsAre("-1", "6", "3", "2"));
  EXPECT_THAT(bench.run("6 / n > 2 ? 'a' : 'b'"), ElementsAre(kZero, "\"a\"", "\"a\"", "\"b\""));
  EXPECT_THAT(bench.run("n > 1 ? string(n) + '!' : string(6 / n)"), ElementsAre(kZero, "\"6\"", "\"2!\"", "\"3!\""));
  EXPECT_THAT(bench.run("n > 1 ? tags : ['none']"), ElementsAre("[\"none\"]", "[\"none\"]", "[\"t0\", \"t1\"]", "[\"t0\", \"t1\", \"t2\"]"));
  EXPECT_THAT(bench.run("n > 1 ? n : null"), ElementsAre("null", "null", "2", "3"));
}
TEST_F(Evaluation, NullReachesNothingThatIsGuarded) {
  EXPECT_THAT(bench.run("note != null && note.size() > 3"), ElementsAre("false", "true", "false", "true"));
  EXPECT_THAT(bench.run("has(note) ? note.upperAscii() : 'none'"), ElementsAre("\"none\"", "\"NOTE 1\"", "\"none\"", "\"NOTE 3\""));
  EXPECT_THAT(bench.run("note.orValue('row ' + string(n))"), ElementsAre("\"row 0\"", "\"note 1\"", "\"row 2\"", "\"note 3\""));
  EXPECT_THAT(bench.run("note.orValue(string(6 / n))"), ElementsAre(kZero, "\"note 1\"", "\"3\"", "\"note 3\""));
  EXPECT_THAT(bench.run("note in ['note 1', null]"), ElementsAre("true", "true", "true", "false"));
}
TEST_F(Evaluation, NullFailsWhereItsGuardFailed) {
  EXPECT_THAT(bench.run("note == string(6 / n) && note.size() > 3"), ElementsAre(kZero, "false", "false", "false"));
  EXPECT_THAT(bench.run("note == string(6 / n) && note < 'x'"), ElementsAre(kZero, "false", "false", "false")) << "where both sides run for all rows";
  EXPECT_THAT(bench.run("(note == string(6 / n) && note < 'x') || n == 0"), ElementsAre("true", "false", "false", "false"));
}
TEST_F(Evaluation, MacrosSeeTheFieldsOfTheirRow) {
  EXPECT_THAT(bench.run("tags.exists(t, t == 't' + string(n - 1))"), ElementsAre("false", "true", "true", "true"));
  EXPECT_THAT(bench.run("[1, 2, 3].filter(x, x <= n)"), ElementsAre("[]", "[1]", "[1, 2]", "[1, 2, 3]"));
  EXPECT_THAT(bench.run("[1, 2].map(x, tags.map(t, t + string(x * n)))[1]"),
              ElementsAre("[]", "[\"t02\"]", "[\"t04\", \"t14\"]", "[\"t06\", \"t16\", \"t26\"]"));
  EXPECT_THAT(bench.run("n > 1 && tags.all(t, t.startsWith('t') && (n == 3 || t != 't0'))"), ElementsAre("false", "false", "false", "true"));
}
TEST_F(Evaluation, LongListsAreTakenInChunks) {
  testing::Bench wide({{"list", columns::array(columns::simple(Kind::kInt64))}, {"n", columns::simple(Kind::kInt64)}});
  for (int64_t row = 0; row < 5; ++row) {
    for (int64_t i = 0; i < 20'000; ++i) wide.block.column(0).child(0).append<int64_t>(i);
    wide.block.column(0).append_end(20'000), wide.block.column(1).append(row), wide.block.end_row();
  }
  EXPECT_THAT(wide.run("list.filter(x, x % 5000 == n)"), ElementsAre("[0, 5000, 10000, 15000]", "[1, 5001, 10001, 15001]", "[2, 5002, 10002, 15002]",
                                                                     "[3, 5003, 10003, 15003]", "[4, 5004, 10004, 15004]"));
  EXPECT_THAT(wide.run("size(list.map(x, [x, n])) + list.map(x, [x, n])[7][1]"), ElementsAre("20000", "20001", "20002", "20003", "20004"));
}

TEST_F(Evaluation, ExpressionsThatDifferInLiteralsAreOneProgram) {
  const auto shape = [&](std::string_view source) { return bench.compile_source(source).program->shape(); };
  EXPECT_EQ(shape("n > 1 && status == 'paid'"), shape("n > 20 && status == 'new'"));
  EXPECT_EQ(shape("n > 1 + 1"), shape("n > 3")) << "folded, then lifted";
  EXPECT_EQ(shape("status in ['a', 'b']"), shape("status in ['c', 'd']"));
  EXPECT_NE(shape("status in ['a', 'b']"), shape("status in ['c']"));
  EXPECT_NE(shape("status.matches('a')"), shape("status.matches('b')"));
  EXPECT_NE(shape("n > 1"), shape("n >= 1"));
  EXPECT_NE(shape("n > 1"), shape("n > 1.0"));
  EXPECT_NE(shape("tags.exists(a, tags.exists(b, a == 'x'))"), shape("tags.exists(a, tags.exists(b, b == 'x'))"));
}
TEST_F(Evaluation, EachInstanceHasItsOwnLiterals) {
  const Compiled first = bench.compile_source("string(n * 10) + ' of ' + status"), second = bench.compile_source("string(n * 100) + ' / ' + status");
  ASSERT_EQ(first.program->shape(), second.program->shape());
  ParameterTable table(first.parameters);
  EXPECT_EQ(table.add(second.parameters), 1U);
  const std::vector<uint32_t> rows = {0, 1, 3, 3}, instances = {0, 1, 0, 1};
  const Vector& result = bench.evaluator.evaluate(*first.program, bench.input(), {.rows = rows, .instances = instances}, table);
  std::vector<std::string> texts;
  for (size_t i = 0; i < rows.size(); ++i) texts.push_back(testing::Bench::text(result, i, first.program->type()));
  EXPECT_THAT(texts, ElementsAre("\"0 of new\"", "\"100 / new\"", "\"30 of paid\"", "\"300 / paid\""));
  const std::vector<uint32_t> second_only = {1, 1, 1, 1};
  const Vector& one = bench.evaluator.evaluate(*first.program, bench.input(), {.rows = rows, .instances = second_only}, table);
  EXPECT_EQ(testing::Bench::text(one, 2, first.program->type()), "\"300 / paid\"");
}
TEST_F(Evaluation, EachInstanceHashesWithItsOwnKey) {
  const Compiled compiled = bench.compile_source("hmac(status)");
  EXPECT_TRUE(compiled.program->needs_key());
  ParameterTable table(compiled.parameters, "one");
  table.add(compiled.parameters, "two");
  const std::vector<uint32_t> rows = {0, 0, 0}, instances = {0, 1, 0};
  const Vector& result = bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = rows, .instances = instances}, table);
  EXPECT_NE(result.at<std::string_view>(0), result.at<std::string_view>(1));
  EXPECT_EQ(result.at<std::string_view>(0), result.at<std::string_view>(2));
}

TEST_F(Evaluation, DerivedValuesAreColumnsBehindTheBlocks) {
  testing::Bench with_derived(
      {{"n", columns::simple(Kind::kInt64)}, {"twice", columns::simple(Kind::kInt64)}, {"words", columns::array(columns::simple(Kind::kString))}});
  Store twice, words;
  auto* values = twice.reset<int64_t>(Form::kInt, 2);
  values[0] = 20, values[1] = 40;
  auto* ranges = words.reset<Range>(Form::kList, 2);
  ranges[0] = {0, 0}, ranges[1] = {0, 1};
  *words.child(0).reset<std::string_view>(Form::kText, 1) = "w";
  columns::Block block({{"n", columns::simple(Kind::kInt64)}});
  for (int64_t row = 0; row < 12; ++row) block.column(0).append(row), block.end_row();
  const Compiled compiled = with_derived.compile_source("string(twice + n) + words.join()");
  const ParameterTable table(compiled.parameters);
  const Vector* derived[] = {&twice.vector(), &words.vector()};
  const Input input{.block = &block, .derived = derived, .first_row = 10, .tables = {}};
  Evaluator evaluator;
  for (const std::vector<uint32_t>& rows : {std::vector<uint32_t>{10, 11}, std::vector<uint32_t>{11, 10}}) {
    const Vector& result = evaluator.evaluate(*compiled.program, input, {.rows = rows}, table);
    EXPECT_EQ(testing::Bench::text(result, rows[0] - 10, compiled.program->type()), "\"30\"");
    EXPECT_EQ(testing::Bench::text(result, 11 - rows[0], compiled.program->type()), "\"51w\"");
  }
}

TEST_F(Evaluation, LookupsFindTheRowOfTheirKey) {
  const std::vector<columns::NamedType> plans = {
      {"name", columns::simple(Kind::kString)}, {"price", columns::decimal(8, 2)}, {"label", columns::nullable(columns::simple(Kind::kString))}};
  columns::Block rows(plans);
  rows.column(0).append_text("new"), rows.column(1).append<int32_t>(150), rows.column(2).append_null(), rows.end_row();
  rows.column(0).append_text("old"), rows.column(1).append<int32_t>(999), rows.column(2).append_not_null(), rows.column(2).child(0).append_text("Old"),
      rows.end_row();
  bench.add_table("plans", simple(TypeKind::kString), *ReferenceRows::make(std::move(rows), 0), plans);
  EXPECT_THAT(bench.run("lookup('plans', status).price"), ElementsAre("1.50", "1.50", "1.50", "null"));
  EXPECT_THAT(bench.run("lookup('plans', note).price.orValue(0)"), ElementsAre("0.00", "0.00", "0.00", "0.00"));
  EXPECT_THAT(bench.run("lookup('plans', 'old').label"), ElementsAre("\"Old\"", "\"Old\"", "\"Old\"", "\"Old\""));
  EXPECT_THAT(bench.run("has(lookup('plans', status).label)"), ElementsAre("false", "false", "false", "false"));
  EXPECT_THAT(bench.run("lookup('plans', status).price != null && lookup('plans', status).price * n > 2"), ElementsAre("false", "false", "true", "false"));
}
TEST(ReferenceRowsTest, RefusesAKeyThatStandsTwice) {
  columns::Block rows({{"id", columns::simple(Kind::kInt32)}});
  for (const int32_t id : {1, 2, 1}) rows.column(0).append(id), rows.end_row();
  EXPECT_THAT(ReferenceRows::make(std::move(rows), 0).error().message, HasSubstr("the key 1 stands twice in column 'id', in rows 1 and 3"));
}
TEST(ReferenceRowsTest, FindsEveryKeyOfManyAndNoOther) {
  columns::Block rows({{"id", columns::simple(Kind::kInt64)}});
  for (int64_t id = 0; id < 10'000; ++id) rows.column(0).append(id * 3), rows.end_row();
  const auto table = *ReferenceRows::make(std::move(rows), 0);
  for (int64_t id = -3; id < 30'003; ++id) EXPECT_EQ(table->find(id), id >= 0 && id < 30'000 && id % 3 == 0 ? id / 3 : ReferenceRows::kNone);
}

TEST_F(Evaluation, ARefusedPatternOrZoneSaysWhere) {
  const auto message = [&](std::string_view source) { return to_string(compile(bench.check_source(source)).error(), source); };
  EXPECT_THAT(message("status.matches('(')"), HasSubstr("1:16: '(' is no pattern of RE2: missing )"));
  EXPECT_EQ(message("timestamp(n).getHours('Europe/Berlyn')"),
            "1:23: there is no time zone 'Europe/Berlyn': 'Europe/Berlin', 'UTC', or an offset like '+02:00'");
}
TEST_F(Evaluation, AFailureNamesItsPartAndTheFieldsInIt) {
  const std::string_view source = "note == 'x' || (status == 'new' ? 100 / n : 1 + n) > 5";
  const Checked checked = bench.check_source(source);
  const Compiled compiled = *compile(checked);
  const ParameterTable table(compiled.parameters);
  const std::vector<uint32_t> rows = {0, 1};
  const Vector& result = bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = rows}, table);
  ASSERT_TRUE(result.failure(0));
  EXPECT_EQ(describe_failure(checked, result.failure(0), bench.input(), 0), "100 / n: division by zero (n = 0)");
  EXPECT_FALSE(result.failure(1));
}
TEST_F(Evaluation, NoRowsGiveNoResults) {
  for (const char* source : {"n > 1 && string(n) == 'x'", "tags.exists(t, t == 'x')", "tags.map(t, t + 'x')", "note.orValue('x')", "1 > 2"}) {
    EXPECT_THAT(bench.run(source, std::vector<uint32_t>()), ::testing::IsEmpty());
  }
}

}  // namespace
}  // namespace millrace::rules

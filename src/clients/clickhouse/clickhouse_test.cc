#include <gtest/gtest.h>

#include "clients/clickhouse/client.h"
#include "clients/clickhouse/rows.h"

namespace millrace::clickhouse {
namespace {

const PlanId kPlan{Uuid{0x0190a5b31c007abc, 0x8def0123456789ab}};

TEST(ClickhouseErrors, SayWhatToDo) {
  const Error error = error_of(60, 404, "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE)\nstack", "insert into t");
  EXPECT_EQ(error.retry, Retry::kPermanent);
  EXPECT_EQ(error.message, "insert into t: Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE): make it with `millrace tables apply`");
  EXPECT_EQ(trouble_of(error), Trouble::kMissingTable);
}

TEST(ClickhouseErrors, TellWhatMayBeTriedAgain) {
  EXPECT_EQ(error_of(252, 500, "", "").retry, Retry::kTransient);
  EXPECT_EQ(error_of(159, 408, "", "").retry, Retry::kUnknown);
  EXPECT_EQ(error_of(516, 401, "", "").retry, Retry::kPermanent);
  EXPECT_EQ(error_of(201, 500, "", "").retry, Retry::kPermanent);
  EXPECT_EQ(error_of(1001, 500, "Code: 1001. std::exception: No space left on device", "").retry, Retry::kTransient);
  EXPECT_EQ(error_of(0, 502, "bad gateway", "").retry, Retry::kUnknown);
  EXPECT_EQ(error_of(0, 413, "too large", "").retry, Retry::kPermanent);
}

TEST(ClickhouseInsertId, NamesPlanTableTermAndAttempt) {
  const InsertId id{kPlan, "order_created", 3, 2};
  EXPECT_EQ(deduplication_token(id), "0190a5b3-1c00-7abc-8def-0123456789ab/order_created/3");
  EXPECT_EQ(query_id(id), "millrace/0190a5b3-1c00-7abc-8def-0123456789ab/order_created/3/2");
  EXPECT_TRUE(belongs_to(query_id(id), kPlan));
  EXPECT_FALSE(belongs_to(query_id(id), PlanId{Uuid{1, 2}}));
}

TEST(ClickhouseRows, TabSeparatedIsUnescaped) {
  const auto rows = parse_tab_separated("a\\tb\t\\N\t\nx\\\\y\tz\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"a\tb", "\\N", ""}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"x\\y", "z"}));
}

TEST(ClickhouseRows, RowBinaryStopsAtTheEndOfAPiece) {
  const std::string bytes("\x05\0\0\0\x02" "ab" "\x07\0", 9);
  RowBinaryReader reader(bytes);
  EXPECT_EQ(reader.number<uint32_t>(), 5u);
  EXPECT_EQ(reader.string(), "ab");
  EXPECT_FALSE(reader.failed());
  const size_t mark = reader.mark();
  EXPECT_EQ(reader.number<uint32_t>(), 0u);
  EXPECT_TRUE(reader.failed());
  reader.rewind(mark);
  EXPECT_EQ(reader.rest().size(), 2u);
}

TEST(ClickhouseRows, PlanIsADecimalNumber) {
  EXPECT_EQ(uint128_literal({1, 0}), "toUInt128('18446744073709551616')");
  EXPECT_EQ(uint128_literal({~0ull, ~0ull}), "toUInt128('340282366920938463463374607431768211455')");
  EXPECT_EQ(quote_identifier("a`b\\c"), "`a\\`b\\\\c`");
}

}  // namespace
}  // namespace millrace::clickhouse

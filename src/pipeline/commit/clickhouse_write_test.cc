#include "pipeline/commit/clickhouse_write.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

using Write = ClickHouseWrite;
constexpr int64_t kPlan = 1'790'000'000'700;
constexpr int64_t kOrigin = 1'790'000'000'000;

template <class T>
bool is(const Write& write) {
  return std::holds_alternative<T>(write.action());
}
Write::Insert insert_of(const Write& write) { return std::get<Write::Insert>(write.action()); }

TEST(ClickHouseWrite, AFreshPlanIsInsertedAtOnceInItsFirstTermAndBelieved) {
  Write write(kPlan, 10, true);
  ASSERT_TRUE(is<Write::Insert>(write));
  EXPECT_EQ(insert_of(write).term, 0);
  EXPECT_EQ(insert_of(write).deadline_s, kOrigin / 1000 + 9) << "the term's last whole second";
  write.insert_acknowledged();
  EXPECT_TRUE(is<Write::Durable>(write));
}

TEST(ClickHouseWrite, AnyErrorOfAnInsertIsAnUnknownOutcomeAndBeginsWithACount) {
  Write write(kPlan, 10, true);
  write.insert_failed();
  ASSERT_TRUE(is<Write::Wait>(write));
  write.waited();
  ASSERT_TRUE(is<Write::AskServerTime>(write));
  write.server_time(kPlan + 100);
  ASSERT_TRUE(is<Write::Count>(write));
  write.counted(10);
  EXPECT_TRUE(is<Write::Durable>(write));
}

TEST(ClickHouseWrite, ARepetitionInTheSameTermUsesTheSameTokenAndIsBelievedOnlyAfterACount) {
  Write write(kPlan, 10, true);
  const int token = insert_of(write).token;
  write.insert_failed();
  write.waited();
  write.server_time(kPlan + 100);
  write.counted(0);
  ASSERT_TRUE(is<Write::Insert>(write));
  EXPECT_EQ(insert_of(write).token, token);
  write.insert_acknowledged();
  ASSERT_TRUE(is<Write::Count>(write));
  write.counted(10);
  EXPECT_TRUE(is<Write::Durable>(write));
}

TEST(ClickHouseWrite, AcknowledgedAndYetNotThereInsertsNothingMoreInThisTerm) {
  Write write(kPlan, 10, false);
  write.server_time(kPlan + 100);
  write.counted(0);
  write.insert_acknowledged();
  write.counted(0);
  for (int64_t now = kPlan + 200; now < kOrigin + 12'000; now += 300) {
    ASSERT_TRUE(is<Write::Wait>(write)) << now;
    write.waited();
    write.server_time(now);
  }
  write.waited();
  write.server_time(kOrigin + 12'001);
  ASSERT_TRUE(is<Write::AskUnderWay>(write));
}

TEST(ClickHouseWrite, ALaterTermWaitsForTheGuardThenForInsertsUnderWayThenCounts) {
  Write write(kPlan, 10, false);
  write.server_time(kOrigin + 11'000);
  ASSERT_TRUE(is<Write::Wait>(write)) << "the former term is over by one second only";
  EXPECT_EQ(std::get<Write::Wait>(write.action()).time.count(), 1000);
  write.waited();
  write.server_time(kOrigin + 12'000);
  ASSERT_TRUE(is<Write::AskUnderWay>(write));
  write.under_way(1);
  ASSERT_TRUE(is<Write::Wait>(write));
  write.waited();
  write.server_time(kOrigin + 12'300);
  write.under_way(0);
  ASSERT_TRUE(is<Write::Count>(write));
  write.counted(0);
  EXPECT_EQ(insert_of(write).term, 1);
  EXPECT_EQ(insert_of(write).deadline_s, kOrigin / 1000 + 19);
}

TEST(ClickHouseWrite, ATermIsNeverNegative) {
  Write write(kPlan, 10, false);
  write.server_time(kOrigin - 500);
  ASSERT_TRUE(is<Write::Wait>(write));
  EXPECT_EQ(std::get<Write::Wait>(write.action()).time.count(), 500);
}

TEST(ClickHouseWrite, SomeOfTheRowsOrTooManyStopIt) {
  for (const uint64_t rows : {9u, 11u}) {
    Write write(kPlan, 10, false);
    write.server_time(kPlan);
    write.counted(rows);
    EXPECT_TRUE(is<Write::Stop>(write)) << rows;
  }
}

TEST(ClickHouseWrite, NoRowsAreDurable) { EXPECT_TRUE(is<Write::Durable>(Write(kPlan, 0, true))); }

}  // namespace
}  // namespace millrace::pipeline

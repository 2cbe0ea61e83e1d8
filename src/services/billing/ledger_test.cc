#include "services/billing/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include "services/billing/database_testing.h"
#include "services/billing/ledger_reader.h"
#include "services/billing/ledger_testing.h"
#include "services/billing/statement_csv.h"

namespace millrace::billing {
namespace {

using testing::HasSubstr;
using Outcome = PlanAnswer::Outcome;

class LedgerOn : public testing::TestWithParam<TestEngine> {
 protected:
  LedgerOn() : database_(GetParam()) { reopen(); }

  void reopen(uint32_t generation = 1) {
    ledger_.reset();
    auto opened = Ledger::open(settings(generation), metrics_);
    ASSERT_TRUE(opened) << opened.error().message;
    ledger_ = std::move(*opened);
  }
  LedgerSettings settings(uint32_t generation) {
    return {.database = {.url = database_.url(), .lock_wait = std::chrono::milliseconds(200)}, .generation = generation, .now_ms = [this] { return now_ms_; }};
  }
  Outcome apply(BilledPlan plan) {
    const auto answer = ledger_->apply(std::move(plan));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? answer->outcome : Outcome{};
  }
  // All windows, all months.
  UsageRow total(const std::string& tenant = "acme", uint32_t generation = 0) {
    const auto rows = LedgerReader({.url = database_.url()}).usage({generation, tenant, "", "", 0, kLatestMs}, Granularity::kAsMetered);
    UsageRow sum;
    if (!rows) ADD_FAILURE() << rows.error().message;
    for (const auto& row : *rows) sum.value = *add(sum.value, row.value), sum.adjustments = *add(sum.adjustments, row.adjustments);
    return sum;
  }
  std::string value() { return to_string(total().value); }
  int64_t expected(int32_t partition) {
    const auto marks = LedgerReader({.url = database_.url()}).marks({0, "", "", partition});
    return marks && !marks->marks.empty() ? marks->marks[0].expected.value : -1;
  }

  TestDatabase database_;
  metrics::Registry metrics_;
  int64_t now_ms_ = kNovember + 2 * kDay;
  std::unique_ptr<Ledger> ledger_;
};

INSTANTIATE_TEST_SUITE_P(Engines, LedgerOn, testing::Values(TestEngine::kSqlite, TestEngine::kPostgres),
                         [](const auto& engine) { return engine.param == TestEngine::kSqlite ? "Sqlite" : "Postgres"; });

TEST_P(LedgerOn, FirstRangeOfAPartitionSetsItsMarkWhereverItBegins) {
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 500, 600)}, "1.50")), Outcome::kApplied);
  EXPECT_EQ(expected(0), 600);
  EXPECT_EQ(value(), "1.50");
}

TEST_P(LedgerOn, PlanThatComesAgainIsAcknowledgedAndCountsOnce) {
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)}, "1.50")), Outcome::kApplied);
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 10, 20)}, "2.25")), Outcome::kApplied);
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)}, "1.50")), Outcome::kKnown);
  reopen();
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)}, "1.50")), Outcome::kKnown);
  EXPECT_EQ(value(), "3.75");
}

TEST_P(LedgerOn, KnownPlanWithOtherContentIsAnAlarmAndChangesNothing) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "1.50"));
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)}, "1.51")), Outcome::kKnown);
  EXPECT_EQ(value(), "1.50");
  EXPECT_THAT(metrics_.text(), HasSubstr("millrace_billing_differing_plans_total 1"));
}

TEST_P(LedgerOn, GapIsRefusedWholeWithWhatWasExpected) {
  apply(plan_of(1, {range_at(0, 0, 10), range_at(1, 0, 10)}, "1.00"));
  const auto answer = ledger_->apply(plan_of(2, {range_at(0, 10, 20), range_at(1, 11, 20)}, "1.00"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, Outcome::kGap);
  ASSERT_EQ(answer->conflicts.size(), 1U);
  EXPECT_EQ(answer->conflicts[0].range, 1U);
  EXPECT_EQ(answer->conflicts[0].expected, Offset(10));
  EXPECT_THAT(answer->message, HasSubstr("orders[1] [11, 20) should begin at 10"));
  EXPECT_EQ(expected(0), 10) << "nothing of a refused plan is written";
  EXPECT_EQ(value(), "2.00");
  EXPECT_THAT(metrics_.text(), HasSubstr("millrace_billing_plans_total{outcome=\"gap\"} 1"));
}

TEST_P(LedgerOn, OverlapIsRefusedEvenBesideAGap) {
  apply(plan_of(1, {range_at(0, 0, 10), range_at(1, 0, 10)}, "1.00"));
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 9, 20), range_at(1, 10, 20)}, "1.00")), Outcome::kOverlap);
  EXPECT_EQ(apply(plan_of(3, {range_at(0, 12, 20), range_at(1, 9, 20)}, "1.00")), Outcome::kOverlap);
  EXPECT_EQ(value(), "2.00");
}

TEST_P(LedgerOn, RangeWithoutUsageAndTopicMadeAnewAreNoGaps) {
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)})), Outcome::kApplied);
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 10, 20)}, "1.00")), Outcome::kApplied);
  EXPECT_EQ(apply(plan_of(3, {range_at(0, 0, 5, 8)}, "1.00")), Outcome::kApplied) << "another topic id is another partition";
  EXPECT_EQ(value(), "2.00");
}

TEST_P(LedgerOn, PipelinesHaveMarksOfTheirOwn) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"));
  auto other = plan_of(2, {range_at(0, 0, 10)}, "1.00");
  other.pipeline = "shop2";
  EXPECT_EQ(apply(other), Outcome::kApplied);
}

TEST_P(LedgerOn, UsageOfOneKeyIsSummedUpWhateverItsScale) {
  auto plan = plan_of(1, {range_at(0, 0, 10)}, "0.1");
  plan.usage.push_back(plan.usage[0]);
  plan.usage.back().value = *parse_decimal("0.25");
  apply(plan);
  apply(plan_of(2, {range_at(0, 10, 20)}, "-1"));
  EXPECT_EQ(value(), "-0.65");
}

TEST_P(LedgerOn, LateEventOfAClosedMonthIsAnAdjustmentOfTheOpenOne) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "10.00", kOctober));
  ASSERT_TRUE(ledger_->close_month({2026 * 12 + 9}, "ada"));
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 10, 20)}, "2.50", kOctober + kDay)), Outcome::kApplied);
  EXPECT_EQ(apply(plan_of(3, {range_at(0, 20, 30)}, "4.00", kNovember)), Outcome::kApplied);
  LedgerReader reader({.url = database_.url()});
  const Month october{2026 * 12 + 9}, november{2026 * 12 + 10};
  EXPECT_EQ(statement_csv("acme", october, *reader.statement("acme", october, 0)),
            "tenant,month,state,line,of_month,meter,unit,quantity\nacme,2026-10,closed,usage,2026-10,turnover,EUR,10.00\n");
  EXPECT_EQ(statement_csv("acme", november, *reader.statement("acme", november, 0)),
            "tenant,month,state,line,of_month,meter,unit,quantity\nacme,2026-11,open,usage,2026-11,turnover,EUR,4.00\nacme,2026-11,open,adjustment,2026-10,"
            "turnover,EUR,2.50\n");
  const auto adjustments = reader.adjustments("", "", 0);
  ASSERT_TRUE(adjustments);
  ASSERT_EQ(adjustments->size(), 1U);
  EXPECT_EQ((*adjustments)[0].booked_month, "2026-11");
  EXPECT_EQ(to_string(total().value), "14.00");
  EXPECT_EQ(to_string(total().adjustments), "2.50");
}

TEST_P(LedgerOn, MonthThatIsNotOverIsNotClosedAndClosingAgainChangesNothing) {
  EXPECT_FALSE(ledger_->close_month({2026 * 12 + 10}, "ada"));
  const auto first = ledger_->close_month({2026 * 12 + 9}, "ada");
  now_ms_ += kDay;
  const auto again = ledger_->close_month({2026 * 12 + 9}, "bob");
  ASSERT_TRUE(first && again);
  EXPECT_FALSE(first->was_closed);
  EXPECT_TRUE(again->was_closed);
  EXPECT_EQ(first->closed_ms, again->closed_ms);
}

TEST_P(LedgerOn, SkippedRangeMovesTheMarkAndItsPlanIsRefusedAfterwards) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"));
  const Skip skip{1, "shop", range_at(0, 10, 20), "", "ada", "records are gone"};
  EXPECT_EQ(ledger_->skip(skip)->outcome, SkipAnswer::Outcome::kSkipped);
  EXPECT_EQ(ledger_->skip(skip)->outcome, SkipAnswer::Outcome::kKnown);
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 10, 20)}, "1.00")), Outcome::kOverlap) << "a zombie's";
  EXPECT_EQ(apply(plan_of(3, {range_at(0, 20, 30)}, "1.00")), Outcome::kApplied);
  EXPECT_EQ(ledger_->skip({1, "shop", range_at(0, 40, 50), "", "ada", ""})->outcome, SkipAnswer::Outcome::kGap);
  EXPECT_EQ(ledger_->skip({1, "shop", range_at(0, 20, 30), "", "ada", ""})->outcome, SkipAnswer::Outcome::kOverlap);
  EXPECT_EQ(value(), "2.00");
}

TEST_P(LedgerOn, NewGenerationBeginsAnewAndRefusesTheOldOnesPlans) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"));
  reopen(2);
  EXPECT_EQ(apply(plan_of(2, {range_at(0, 10, 20)}, "1.00")), Outcome::kWrongGeneration);
  auto anew = plan_of(3, {range_at(0, 0, 10)}, "5.00");
  anew.generation = 2;
  EXPECT_EQ(apply(anew), Outcome::kApplied);
  EXPECT_EQ(to_string(total("acme", 2).value), "5.00");
  EXPECT_EQ(to_string(total("acme", 1).value), "1.00");
  EXPECT_FALSE(Ledger::open(settings(1), metrics_)) << "an older generation doesn't come back";
}

TEST_P(LedgerOn, ExplanationNamesPlansAndRangesAndAddsUpToTheFigure) {
  for (uint64_t plan = 0; plan < 11; ++plan) {
    std::vector<BilledRange> ranges;
    for (int32_t partition = 0; partition < 100; ++partition)
      ranges.push_back(range_at(partition, static_cast<int64_t>(plan) * 10, static_cast<int64_t>(plan) * 10 + 10));
    apply(plan_of(plan + 1, ranges, "0.01"));
  }
  std::vector<Contribution> contributions;
  const auto explained =
      LedgerReader({.url = database_.url()}).explain({0, "acme", "turnover", "EUR", kNovember, kNovember + kDay}, [&](const Contribution& contribution) {
        contributions.push_back(contribution);
        return true;
      });
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(to_string(explained->value), "11.00");
  EXPECT_EQ(to_string(explained->sum), "11.00");
  ASSERT_EQ(contributions.size(), 1'100U) << "more than a page";
  EXPECT_EQ(contributions[1'099].plan, to_string(Uuid{2, 11}));
  EXPECT_EQ(contributions[1'099].begin, 100);
}

TEST_P(LedgerOn, OldPlansAreForgottenTheirFiguresAndMarksStay) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"));
  EXPECT_EQ(ledger_->forget_old(), 0);
  now_ms_ += 63 * kDay;
  apply(plan_of(2, {range_at(0, 10, 20)}, "2.00"));
  EXPECT_EQ(ledger_->forget_old(), 1);
  const auto explained = LedgerReader({.url = database_.url()}).explain({0, "acme", "turnover", "", 0, kLatestMs}, [](const Contribution&) { return true; });
  ASSERT_TRUE(explained);
  EXPECT_EQ(to_string(explained->value), "3.00");
  EXPECT_EQ(to_string(explained->sum), "2.00");
  EXPECT_EQ(apply(plan_of(1, {range_at(0, 0, 10)}, "1.00")), Outcome::kOverlap) << "a sleeper that comes back much later is still refused";
}

TEST_P(LedgerOn, UsageIsSummedUpToTheGranularity) {
  auto plan = plan_of(1, {range_at(0, 0, 10)});
  for (const int64_t hour : {0, 1, 23, 24, 24 * 29 + 23})
    plan.usage.push_back({0, "acme", "calls", "call", kNovember + hour * kHour, kHour, *parse_decimal("1")});
  apply(plan);
  LedgerReader reader({.url = database_.url()});
  const FigureQuestion question{0, "acme", "calls", "", kNovember, kNovember + 30 * kDay};
  EXPECT_EQ(reader.usage(question, Granularity::kHour)->size(), 5U);
  const auto days = reader.usage(question, Granularity::kDay);
  ASSERT_EQ(days->size(), 3U);
  EXPECT_EQ(to_string((*days)[0].value), "3");
  const auto months = reader.usage(question, Granularity::kMonth);
  ASSERT_EQ(months->size(), 1U);
  EXPECT_EQ(to_string((*months)[0].value), "5");
  EXPECT_EQ((*months)[0].window_ms, 30 * kDay);
}

TEST_P(LedgerOn, TotalTooLongForADecimalRefusesItsPlanAloneAndWritesNothing) {
  apply(plan_of(1, {range_at(0, 0, 10)}, "99999999999999999999999999999999999999"));
  const auto answer = ledger_->apply(plan_of(2, {range_at(0, 10, 20)}, "1"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry, Retry::kPermanent);
  EXPECT_EQ(expected(0), 10);
}

TEST_P(LedgerOn, PlanThatIsNoneIsRefusedByNameOfWhatIsWrong) {
  const auto refused = [&](BilledPlan plan) {
    const auto answer = ledger_->apply(std::move(plan));
    return answer ? "applied" : answer.error().message;
  };
  EXPECT_THAT(refused(plan_of(1, {})), HasSubstr("ranges"));
  EXPECT_THAT(refused(plan_of(1, {range_at(0, 0, 10), range_at(0, 10, 20)})), HasSubstr("ranges[1]: the partition is there twice"));
  EXPECT_THAT(refused(plan_of(1, {range_at(0, 10, 0)})), HasSubstr("ranges[0]"));
  auto plan = plan_of(1, {range_at(0, 0, 10)}, "1");
  plan.usage[0].range = 1;
  EXPECT_THAT(refused(plan), HasSubstr("usage[0]: there is no range 1"));
  plan.usage[0].range = 0;
  plan.usage[0].tenant = std::string("a\0b", 3);
  EXPECT_THAT(refused(plan), HasSubstr("usage[0]"));
}

TEST_P(LedgerOn, TwoProcessesOnOneDatabaseTakeTurns) {
  auto second = Ledger::open(settings(1), metrics_);
  ASSERT_TRUE(second);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      Ledger& mine = t == 0 ? *ledger_ : **second;
      for (uint64_t i = 0; i < 40; ++i) {
        const auto plan = plan_of(1'000 * static_cast<uint64_t>(t) + i + 1, {range_at(t, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1)}, "0.10");
        while (!mine.apply(plan)) std::this_thread::yield();
      }
    });
  threads.clear();
  EXPECT_EQ(value(), "8.00");
}

TEST(LedgerOnSqlite, LockedDatabaseIsTransientAndNothingIsHalfWritten) {
  TestDatabase database(TestEngine::kSqlite);
  metrics::Registry metrics;
  auto ledger = Ledger::open({.database = {.url = database.url(), .lock_wait = std::chrono::milliseconds(50)}, .now_ms = [] { return kNovember; }}, metrics);
  ASSERT_TRUE(ledger);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((database.directory() + "/ledger.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto locked = (*ledger)->apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"));
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().retry, Retry::kTransient);
  EXPECT_TRUE((*ledger)->trouble());
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_EQ((*ledger)->apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"))->outcome, Outcome::kApplied);
  EXPECT_FALSE((*ledger)->trouble());
}

TEST(LedgerOnSqlite, FullDiskIsTransientAndNothingIsHalfWritten) {
  TestDatabase database(TestEngine::kSqlite);
  metrics::Registry metrics;
  auto ledger = Ledger::open({.database = {.url = database.url()}, .now_ms = [] { return kNovember; }}, metrics);
  ASSERT_TRUE(ledger);
  // A limit on the size of files stands for the disk: a write fails in the midst of a transaction.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(database.directory() + "/ledger.db-wal") + 50'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  int64_t plans = 0;
  std::optional<Error> error;
  for (; !error && plans < 1'000; plans += error ? 0 : 1)
    if (auto answer = (*ledger)->apply(plan_of(static_cast<uint64_t>(plans) + 1, {range_at(0, plans, plans + 1)}, "0.01")); !answer) error = answer.error();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->retry, Retry::kTransient) << error->message;
  EXPECT_GT(plans, 0);
  const auto again = (*ledger)->apply(plan_of(static_cast<uint64_t>(plans) + 1, {range_at(0, plans, plans + 1)}, "0.01"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->outcome, Outcome::kApplied);
  const auto rows = LedgerReader({.url = database.url()}).usage({0, "acme", "", "", 0, kLatestMs}, Granularity::kAsMetered);
  ASSERT_TRUE(rows && rows->size() == 1);
  EXPECT_EQ(rows->front().value, (Decimal{plans + 1, 2}));
}

TEST(LedgerOnPostgres, CrashedServerIsTransientAndThePlanIsAppliedOnceItIsBack) {
  TestDatabase database(TestEngine::kPostgres);
  metrics::Registry metrics;
  auto ledger = Ledger::open({.database = {.url = database.url()}, .now_ms = [] { return kNovember; }}, metrics);
  ASSERT_TRUE(ledger);
  ASSERT_EQ((*ledger)->apply(plan_of(1, {range_at(0, 0, 10)}, "1.00"))->outcome, Outcome::kApplied);
  PostgresServer::shared().restart();
  auto answer = (*ledger)->apply(plan_of(2, {range_at(0, 10, 20)}, "1.00"));
  ASSERT_FALSE(answer) << "the connection is gone";
  EXPECT_NE(answer.error().retry, Retry::kPermanent);
  for (int attempt = 0; !answer && attempt < 3; ++attempt) answer = (*ledger)->apply(plan_of(2, {range_at(0, 10, 20)}, "1.00"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->outcome, Outcome::kApplied);
}

TEST(LedgerOpen, SaysWhatIsWrongWithTheDatabase) {
  metrics::Registry metrics;
  const auto why = [&](const std::string& url) {
    auto opened = Ledger::open({.database = {.url = url}, .now_ms = [] { return kNovember; }}, metrics);
    return opened ? "opened" : opened.error().message;
  };
  EXPECT_THAT(why("mysql://x"), HasSubstr("sqlite:/path"));
  EXPECT_THAT(why("sqlite:/nowhere/at/all.db"), HasSubstr("its folder must exist"));
  EXPECT_THAT(why("postgresql://nobody@127.0.0.1:1/x"), HasSubstr("can't be reached"));
}

}  // namespace
}  // namespace millrace::billing

// The operator's acts on plans against the real broker and the real engine: what stands still is shown, retried, stopped or given up; what goes on
// is left alone.
#include <thread>

#include "integration/operate_itest.h"

namespace millrace::test {
namespace {

TEST_F(Operate, ShowsWhereEachPartitionStandsAndWhatClickHouseHasOfAPlan) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 3, false);
  commit_healthy(2, 7);
  insert_rows(plan, 0, 5, 15);
  const auto shown = show_plans(settings);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->partitions[0].standing, Standing::kPlanStopped);
  EXPECT_EQ(shown->partitions[1].standing, Standing::kPlanPending);
  EXPECT_EQ(shown->partitions[2].standing, Standing::kGoesOn);
  EXPECT_FALSE(shown->all_go_on());
  ASSERT_EQ(shown->plans.size(), 1u);
  EXPECT_EQ(*shown->plans[0].plan, *plan);
  EXPECT_EQ(shown->plans[0].tables.at(0).rows, 10u);
  const std::string said = text(*shown);
  EXPECT_THAT(said, HasSubstr("adoption 3 of 8"));
  EXPECT_THAT(said, HasSubstr("10 rows of it, from 40 records"));
  EXPECT_THAT(said, HasSubstr("millrace plan retry " + to_string(plan->id.value)));
  EXPECT_THAT(json(*shown), HasSubstr("\"plan_stopped\""));

  settings.topics.clear();  // then those that the group has offsets of
  const auto same = show_offsets(settings);
  ASSERT_TRUE(same) << same.error().message;
  ASSERT_EQ(same->partitions.size(), 3u);
  EXPECT_EQ(same->partitions[2].log->high, Offset(kRecords));
  EXPECT_THAT(text(*same), HasSubstr("healthy"));
}

TEST_F(Operate, RetryLetsTheNextOwnerTryAgainAndChangesNothingElse) {
  const auto plan = make_plan({0, 1, 2});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 2, true);
  commit_plan(2, plan, 1, false);
  const auto retried = retry_plan(settings, plan->id);
  ASSERT_TRUE(retried) << retried.error().message;
  EXPECT_EQ(retried->retried.size(), 2u);
  EXPECT_EQ(retried->pending.size(), 1u);
  for (const int32_t partition : {0, 1}) {
    const auto state = state_of(partition);
    EXPECT_EQ(state.standing, Standing::kPlanPending);
    EXPECT_EQ(state.offset, Offset(5));
    EXPECT_EQ(state.mark->adoptions, 0);
    EXPECT_EQ(*state.plan(), *plan);
  }
  EXPECT_EQ(state_of(2).mark->adoptions, 1);
  const auto again = retry_plan(settings, plan->id);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("doesn't stand still"));
}

TEST_F(Operate, AbandonMovesEveryRecordToTheDeadLettersWithItsBytesAndTheOffsetsPastTheRange) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 0, true);
  const auto abandoned = abandon_plan(settings, plan->id, "the table is gone");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_THAT(text(*abandoned, settings.dead_letters), HasSubstr("of 20 records 20 are now on"));
  const auto there = letters();
  ASSERT_EQ(there.size(), 40u);
  for (int n = 5; n < 25; ++n)
    for (const int32_t partition : {0, 1}) {
      const Letter& letter = there.at(std::to_string(partition) + "/" + std::to_string(n));
      const int number = partition * kRecords + n;
      EXPECT_EQ(letter.null_value, number % 11 == 4);
      EXPECT_EQ(letter.value, letter.null_value ? "" : value_of(number));
      EXPECT_EQ(letter.null_key, number % 5 == 1);
      EXPECT_EQ(letter.key, letter.null_key ? "" : "k" + std::to_string(number));
      EXPECT_EQ(letter.headers.at("trace"), "t" + std::to_string(number));
      EXPECT_EQ(letter.headers.at("millrace.topic"), topic);
      EXPECT_EQ(letter.headers.at("millrace.error_code"), "abandoned");
      EXPECT_EQ(letter.headers.at("millrace.plan"), to_string(plan->id.value));
      EXPECT_THAT(letter.headers.at("millrace.reason"), HasSubstr("the table is gone"));
      if (!letter.value.empty()) {
        EXPECT_EQ(letter.headers.at("millrace.schema_id"), "5");
      }
    }
  for (const int32_t partition : {0, 1}) {
    const auto state = state_of(partition);
    EXPECT_EQ(state.standing, Standing::kGoesOn);
    EXPECT_EQ(state.offset, Offset(25));
  }
  const auto again = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("it was finished, or abandoned before"));
  EXPECT_EQ(letters().size(), 40u);
}

TEST_F(Operate, AbandonLeavesOutWhatClickHouseHas) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_healthy(1, 25);  // its other owner finished it
  insert_rows(plan, 0, 5, 12);
  insert_rows(plan, 0, 11, 12);  // once more
  insert_rows(plan, 1, 5, 25);
  insert_rows(make_plan({2}), 0, 12, 14);  // of another plan: not this one's
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  ASSERT_EQ(abandoned->ranges.size(), 1u);
  EXPECT_EQ(abandoned->ranges[0].in_clickhouse, 7u);
  EXPECT_EQ(abandoned->ranges[0].doubled, 1u);
  EXPECT_EQ(abandoned->ranges[0].dead_lettered, 13u);
  EXPECT_THAT(text(*abandoned, "the.dlq"), HasSubstr("7 were in ClickHouse and stay there (1 OF THEM MORE THAN ONCE)"));
  EXPECT_EQ(abandoned->past, std::vector{at(1)});
  const auto there = letters();
  EXPECT_EQ(there.size(), 13u);
  EXPECT_FALSE(there.contains("0/11"));
  EXPECT_TRUE(there.contains("0/12"));
  EXPECT_EQ(state_of(1).offset, Offset(25));
}

TEST_F(Operate, AbandonIsRefusedWhileAnotherPartitionsOwnerIsAtThePlan) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 0, true);
  commit_plan(1, plan, 1, false);
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(abandoned);
  EXPECT_THAT(abandoned.error().message, HasSubstr("doesn't stand still everywhere"));
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
}

TEST_F(Operate, AbandonIsRefusedWhenClickHouseCannotSayWhatItHas) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  settings.clickhouse->url = "http://127.0.0.1:1";
  EXPECT_FALSE(abandon_plan(settings, plan->id, ""));
  settings.clickhouse.reset();
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("must be known"));
  settings.clickhouse = clickhouse::Endpoint{.url = engine().url(), .password = {}};
  ASSERT_TRUE(client.execute("INSERT INTO " + table() + " SELECT " + clickhouse::uint128_literal(plan->id.value) + ", 'of another topic', 0, 5"));
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("only of 0 can it be said"));
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
}

TEST_F(Operate, AbandonSaysWhatIsLostBeforeItLosesIt) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  auto admin = kafka::Admin::create(broker().properties());
  ASSERT_TRUE(admin->delete_records(at(0), Offset(15)));
  insert_rows(plan, 0, 5, 8);
  const auto refused = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("7 of the plan's records are neither in ClickHouse nor in the log"));
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
  const auto abandoned = abandon_plan(settings, plan->id, "", LoseRecords::kYes);
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(abandoned->ranges[0].gone, 7u);
  EXPECT_EQ(abandoned->ranges[0].in_clickhouse, 3u);
  EXPECT_EQ(abandoned->ranges[0].dead_lettered, 10u);
  EXPECT_EQ(letters().size(), 10u);
  EXPECT_EQ(state_of(0).offset, Offset(25));
}

TEST_F(Operate, NothingIsDoneWhenAPartitionChangedAfterItWasLookedAt) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 8, false);
  auto held = StoppedPlan::find(settings, plan->id);
  ASSERT_TRUE(held) << held.error().message;
  commit_plan(0, plan, 0, false);
  EXPECT_THAT(why(held->fence_owners()), HasSubstr("changed while this ran"));
  EXPECT_THAT(why(held->commit({marked(at(0), Offset(25), topic_id())})), HasSubstr("changed while this ran"));
  EXPECT_EQ(state_of(0).offset, Offset(5));
}

TEST_F(Operate, OfTwoOperatorsOnlyOneCommits) {
  OperatorCommit first(settings), second(settings);
  ASSERT_TRUE(first.begin());
  ASSERT_TRUE(second.begin());
  const auto lost = first.commit({marked(at(0), Offset(3), topic_id())});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("another operator's command"));
  EXPECT_TRUE(second.commit({marked(at(0), Offset(4), topic_id())}));
  EXPECT_EQ(state_of(0).offset, Offset(4));
}

TEST_F(Operate, APlanThatWaitsForEverIsStoppedAndThenAbandoned) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 0, false);
  commit_plan(1, plan, 3, true);
  const auto stopped = stop_plan(settings, plan->id);
  ASSERT_TRUE(stopped) << stopped.error().message;
  ASSERT_EQ(stopped->partitions.size(), 1u);
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
  EXPECT_EQ(*state_of(0).plan(), *plan);
  EXPECT_THAT(why(stop_plan(settings, plan->id)), HasSubstr("pending on no partition"));
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(letters().size(), 40u);
}

TEST_F(Operate, AbandonWaitsForAnInsertOfThePlanThatIsUnderWay) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  settings.patience = 500ms;
  std::jthread slow([&] {
    clickhouse::Client other({.url = engine().url(), .password = {}});
    (void)other.select("SELECT sleepEachRow(1) FROM numbers(4) /* millrace/" + millrace::to_string(plan->id.value) + "/ stands for its insert */",
                       "TabSeparated", {{"max_block_size", "1"}});
  });
  for (int i = 0; i < 50 && client.inserts_under_way(plan->id).value_or(0) == 0; ++i) std::this_thread::sleep_for(50ms);
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("1 inserts of the plan under way"));
  settings.patience = 20s;
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(client.inserts_under_way(plan->id).value_or(99), 0u);
}

}  // namespace
}  // namespace millrace::test

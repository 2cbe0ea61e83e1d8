// `millrace offsets accept` against the real broker.
#include <thread>

#include "integration/operate_itest.h"

namespace millrace::test {
namespace {

TEST_F(Operate, AcceptGivesAnOffsetSetByHandTheMark) {
  commit(0, 9, "");
  EXPECT_EQ(state_of(0).standing, Standing::kUnmarked);
  const auto accepted = accept_offset(settings, at(0), std::nullopt);
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(state_of(0).standing, Standing::kGoesOn);
  EXPECT_EQ(state_of(0).offset, Offset(9));
  const auto again = accept_offset(settings, at(0), std::nullopt);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("goes on: its offset 9 carries our mark"));

  commit(1, 9, "kafka-consumer-groups");
  ASSERT_TRUE(accept_offset(settings, at(1), Offset(12)));
  EXPECT_EQ(state_of(1).offset, Offset(12));
}

TEST_F(Operate, AcceptRefusesPartitionsThatGoOnOrHaveAPlanAndOffsetsOutsideOfTheLog) {
  const auto plan = make_plan({1, 2});
  commit_healthy(0, 4);
  commit_plan(1, plan, 0, false);
  commit_plan(2, plan, 8, false);
  EXPECT_THAT(why(accept_offset(settings, at(0), Offset(9))), HasSubstr("goes on"));
  EXPECT_THAT(why(accept_offset(settings, at(1), {})), HasSubstr("which a worker completes"));
  EXPECT_THAT(why(accept_offset(settings, at(2), {})), HasSubstr("`millrace plan retry` or `abandon`"));
  commit(0, 4, "mr2.AAAA");
  EXPECT_THAT(why(accept_offset(settings, at(0), {})), HasSubstr("another release"));
  commit(0, 1000, "");
  EXPECT_THAT(why(accept_offset(settings, at(0), {})), HasSubstr("beyond the log, which ends at 30"));
  EXPECT_FALSE(accept_offset(settings, at(17), Offset(0)));
}

TEST_F(Operate, AcceptRefusesWhatWouldBringEventsTwice) {
  insert_rows(make_plan({0}), 0, 0, 20);
  commit(0, 9, "");
  const auto refused = accept_offset(settings, at(0), std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("11 rows"));
  EXPECT_THAT(refused.error().message, HasSubstr("--at 20"));
  const auto doubled = accept_offset(settings, at(0), std::nullopt, AllowDoubles::kYes);
  ASSERT_TRUE(doubled) << doubled.error().message;
  EXPECT_THAT(text(*doubled), HasSubstr("may be there twice"));
  commit(0, 9, "");
  const auto skipped = accept_offset(settings, at(0), Offset(22));
  ASSERT_TRUE(skipped) << skipped.error().message;
  EXPECT_THAT(text(*skipped), HasSubstr("what stands between it and 22"));
}

TEST_F(Operate, AcceptTakesATopicThatWasMadeAnew) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, false);
  insert_rows(plan, 0, 0, 20);
  const std::string former = millrace::to_string(topic_id().value);
  auto admin = kafka::Admin::create(broker().properties());
  ASSERT_TRUE(admin->delete_topic(topic));
  for (int i = 0; i < 50 && !admin->create_topic({.name = topic, .partitions = kPartitions, .configs = {}}); ++i) std::this_thread::sleep_for(100ms);
  for (int i = 0; i < 50 && state_of(0).standing == Standing::kUnknown; ++i) std::this_thread::sleep_for(100ms);
  const auto state = state_of(0);
  // Kafka drops the offsets of a deleted topic; where it hadn't yet, or they were mirrored, the mark tells.
  if (state.standing == Standing::kNoOffset) commit(0, 5, pipeline::encode({Offset(5), plan->ranges[0].topic_id, 0, false, plan}));
  produce();
  EXPECT_EQ(state_of(0).standing, Standing::kUnmarked);
  EXPECT_THAT(state_of(0).reason, HasSubstr(former));
  const auto accepted = accept_offset(settings, at(0), Offset(0));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_THAT(text(*accepted), HasSubstr("are of the former topic"));
  EXPECT_THAT(text(*accepted), HasSubstr(to_string(plan->id.value)));
  EXPECT_EQ(state_of(0).offset, Offset(0));
}

TEST_F(Operate, AcceptGoesOnBehindRecordsThatWereRemovedBeforeTheyWereDelivered) {
  commit_healthy(0, 4);
  auto admin = kafka::Admin::create(broker().properties());
  ASSERT_TRUE(admin->delete_records(at(0), Offset(15)));
  const auto shown = show_offsets(settings);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->partitions[0].state.standing, Standing::kBehindLog);
  EXPECT_FALSE(shown->all_go_on());
  EXPECT_THAT(why(accept_offset(settings, at(0), {})), HasSubstr("say from which on with --at"));
  EXPECT_THAT(why(accept_offset(settings, at(0), Offset(10))), HasSubstr("--at 15"));
  const auto accepted = accept_offset(settings, at(0), Offset(15));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_THAT(text(*accepted), HasSubstr("is lost"));
  EXPECT_EQ(state_of(0).offset, Offset(15));
}

TEST_F(Operate, NoOffsetIsAcceptedOnlyWhereAWorkerWouldNotBeginByItself) {
  EXPECT_THAT(why(accept_offset(settings, at(0), {})), HasSubstr("say from which on with --at"));
  EXPECT_THAT(why(accept_offset(settings, at(0), Offset(3))), HasSubstr("a worker begins there by itself"));
  insert_rows(make_plan({0}), 0, 0, 20);
  const auto accepted = accept_offset(settings, at(0), Offset(20));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(state_of(0).standing, Standing::kGoesOn);
  EXPECT_EQ(state_of(0).offset, Offset(20));
}

TEST_F(Operate, APendingTransactionIsWaitedFor) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 8, false);
  kafka::TransactionalSettings s{.kafka = broker().properties(), .transactional_id = broker().unique("pending")};
  auto producer = kafka::TransactionalProducer::create(s);
  ASSERT_TRUE(producer && producer->init(10s) && producer->begin());
  ASSERT_TRUE(producer->send_offsets({marked(at(0), Offset(25), topic_id())}, kafka::GroupMetadata::of_no_member(settings.group), 10s));
  settings.patience = 500ms;
  EXPECT_THAT(why(retry_plan(settings, plan->id)), HasSubstr("pending"));
  settings.patience = 5s;
  std::jthread later([&] { std::this_thread::sleep_for(700ms), (void)producer->commit(10s); });
  EXPECT_THAT(why(retry_plan(settings, plan->id)), HasSubstr("it was finished"));
}

}  // namespace
}  // namespace millrace::test

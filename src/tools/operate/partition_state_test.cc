#include "tools/operate/partition_state.h"

#include <gtest/gtest.h>

namespace millrace::operate {
namespace {

const TopicPartition kPartition{"order.created", PartitionId(2)};
const TopicId kTopic({1, 2});

pipeline::PlanPtr plan_at(int64_t begin) {
  auto plan = std::make_shared<pipeline::Plan>();
  plan->id = PlanId({7, 8});
  plan->ranges.push_back({kPartition, kTopic, {Offset(begin), Offset(begin + 10)}, 10, 99});
  return plan;
}

kafka::CommittedOffset committed(int64_t offset, const std::string& metadata) {
  return {.partition = kPartition, .offset = Offset(offset), .metadata = metadata, .error = {}, .unstable = false};
}
kafka::CommittedOffset marked(int64_t offset, int adoptions = 0, bool stopped = false, pipeline::PlanPtr plan = nullptr) {
  return committed(offset, pipeline::encode({Offset(offset), kTopic, static_cast<uint8_t>(adoptions), stopped, std::move(plan)}));
}

TEST(PartitionState, AMarkWithoutAPlanGoesOn) { EXPECT_EQ(judge(marked(5), kTopic).standing, Standing::kGoesOn); }

TEST(PartitionState, APlanIsPendingUntilItIsStoppedOrWasAdoptedTooOften) {
  EXPECT_EQ(judge(marked(5, 0, false, plan_at(5)), kTopic).standing, Standing::kPlanPending);
  EXPECT_EQ(judge(marked(5, 7, false, plan_at(5)), kTopic).standing, Standing::kPlanPending);
  EXPECT_EQ(judge(marked(5, 8, false, plan_at(5)), kTopic).standing, Standing::kPlanStopped);
  EXPECT_EQ(judge(marked(5, 0, true, plan_at(5)), kTopic).standing, Standing::kPlanStopped);
}

TEST(PartitionState, AnOffsetThatIsNotTheMarksIsUnmarked) {
  auto moved = marked(5, 0, false, plan_at(5));
  moved.offset = Offset(3);
  const auto state = judge(moved, kTopic);
  EXPECT_EQ(state.standing, Standing::kUnmarked);
  EXPECT_FALSE(state.topic_made_anew);
  EXPECT_TRUE(state.plan());
  EXPECT_EQ(judge(committed(5, ""), kTopic).standing, Standing::kUnmarked);
  EXPECT_EQ(judge(committed(5, "set by a colleague"), kTopic).standing, Standing::kUnmarked);
  EXPECT_EQ(judge(committed(5, "mr1.damaged"), kTopic).standing, Standing::kUnmarked);
}

TEST(PartitionState, ATopicMadeAnewIsUnmarked) {
  const auto state = judge(marked(5), TopicId({1, 3}));
  EXPECT_EQ(state.standing, Standing::kUnmarked);
  EXPECT_TRUE(state.topic_made_anew);
}

TEST(PartitionState, AnotherReleasesOffsetIsNotTakenForOneSetByHand) { EXPECT_EQ(judge(committed(5, "mr2.AAAA"), kTopic).standing, Standing::kOtherRelease); }

TEST(PartitionState, NoOffsetIsNotAnUnreadOne) {
  auto none = committed(0, "");
  none.offset.reset();
  EXPECT_EQ(judge(none, kTopic).standing, Standing::kNoOffset);
  none.error = Error{Retry::kTransient, 0, "the coordinator is away"};
  EXPECT_EQ(judge(none, kTopic).standing, Standing::kUnknown);
  EXPECT_EQ(judge(marked(5), permanent("no such topic")).standing, Standing::kUnknown);
}

TEST(PartitionState, AnOffsetBeforeTheLogsBeginStandsStill) {
  auto state = judge(marked(5), kTopic);
  judge_log(state, {Offset(5), Offset(9)});
  EXPECT_EQ(state.standing, Standing::kGoesOn);
  judge_log(state, {Offset(6), Offset(9)});
  EXPECT_EQ(state.standing, Standing::kBehindLog);
  EXPECT_TRUE(state.same_commit(judge(marked(5), kTopic)));
  auto pending = judge(marked(5, 1, false, plan_at(5)), kTopic);
  judge_log(pending, {Offset(6), Offset(9)});
  EXPECT_EQ(pending.standing, Standing::kPlanPending);  // its adopter finds out, and stops it
}

TEST(PartitionState, OnlyTheVerySameCommitIsTheSame) {
  const auto one = judge(marked(5, 8, false, plan_at(5)), kTopic);
  EXPECT_TRUE(one.same_commit(judge(marked(5, 8, false, plan_at(5)), kTopic)));
  EXPECT_FALSE(one.same_commit(judge(marked(5, 0, true, plan_at(5)), kTopic)));
  EXPECT_FALSE(one.same_commit(judge(marked(6), kTopic)));
}

TEST(Partition, IsReadAsTopicAndNumber) {
  EXPECT_EQ(*parse_partition("order.created/3"), (TopicPartition{"order.created", PartitionId(3)}));
  EXPECT_FALSE(parse_partition("order.created"));
  EXPECT_FALSE(parse_partition("order.created/"));
  EXPECT_FALSE(parse_partition("/3"));
  EXPECT_FALSE(parse_partition("order.created/3x"));
  EXPECT_FALSE(parse_partition("order.created/-1"));
}

}  // namespace
}  // namespace millrace::operate

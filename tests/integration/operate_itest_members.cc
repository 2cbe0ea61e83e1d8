// The operator's acts while the group has a member that may still be at work: whoever might commit meanwhile is fenced.
#include <optional>

#include "integration/operate_itest.h"

namespace millrace::test {
namespace {

class WithMember : public Operate {
 protected:
  // A member of the group that holds all partitions and answers as a lane does, until the end of the test.
  void join(const std::string& instance) {
    kafka::ConsumerSettings s;
    s.kafka = broker().properties();
    s.group = settings.group;
    s.instance_id = instance;
    s.session_timeout = 6s;
    s.heartbeat_interval = 100ms;
    auto made = kafka::Consumer::create(s);
    ASSERT_TRUE(made) << made.error().message;
    consumer.emplace(std::move(*made));
    ASSERT_TRUE(consumer->subscribe({topic}));
    kafka::MessageBatch batch;
    size_t held = 0;
    for (const auto give_up = std::chrono::steady_clock::now() + 20s; held < kPartitions && std::chrono::steady_clock::now() < give_up;) {
      consumer->consume(batch, 1, 20ms);
      for (auto& rebalance : consumer->take_rebalances()) {
        std::vector<kafka::AssignedPartition> begins;
        for (auto& p : rebalance.partitions) begins.push_back({p, Offset(0)});
        ASSERT_TRUE(consumer->assign(begins));
        held += begins.size();
      }
    }
    ASSERT_EQ(held, static_cast<size_t>(kPartitions));
    producer.emplace(
        std::move(*kafka::TransactionalProducer::create({.kafka = broker().properties(), .transactional_id = transactional_id_of_lane(instance)})));
    ASSERT_TRUE(producer->init(10s));
  }
  kafka::TransactionStatus commit_as_member(int32_t partition, int64_t offset) {
    auto metadata = consumer->group_metadata();
    EXPECT_TRUE(metadata && metadata->fences());
    if (auto begun = producer->begin(); !begun) return begun;
    if (auto sent = producer->send_offsets({marked(at(partition), Offset(offset), topic_id())}, *metadata, 5s); !sent) return sent;
    return producer->commit(5s);
  }
  std::optional<kafka::Consumer> consumer;
  std::optional<kafka::TransactionalProducer> producer;
};

TEST_F(WithMember, TheOwnerCannotGoOnFromWhatItRemembers) {
  const std::string instance = broker().unique("lane");
  join(instance);
  ASSERT_TRUE(commit_as_member(0, 7));
  commit(0, 9, "set by hand");  // the owner doesn't know
  const auto shown = show_plans(settings);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->partitions[0].owner, instance);
  const auto accepted = accept_offset(settings, at(0), std::nullopt);
  ASSERT_TRUE(accepted) << accepted.error().message;
  const auto late = commit_as_member(0, 8);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().failure, kafka::TransactionFailure::kFenced);
  EXPECT_EQ(state_of(0).offset, Offset(9));
}

TEST_F(WithMember, TheOwnersOpenTransactionIsSettledFirst) {
  join(broker().unique("lane"));
  const auto plan = make_plan({0});
  commit_plan(0, plan, 8, false);
  auto metadata = consumer->group_metadata();
  ASSERT_TRUE(producer->begin());
  ASSERT_TRUE(producer->send_offsets({marked(at(1), Offset(25), topic_id())}, *metadata, 5s));  // open, and of another partition
  const auto retried = retry_plan(settings, plan->id);
  ASSERT_TRUE(retried) << retried.error().message;
  EXPECT_FALSE(producer->commit(5s));
  EXPECT_EQ(state_of(1).standing, Standing::kNoOffset);
}

TEST_F(WithMember, APendingPlanIsNotStopped) {
  join(broker().unique("lane"));
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, false);
  EXPECT_THAT(why(stop_plan(settings, plan->id)), HasSubstr("has members: lane-"));
  EXPECT_EQ(state_of(0).standing, Standing::kPlanPending);
}

TEST_F(WithMember, AMemberThatIsNoLaneIsRefused) {
  join("");
  commit(0, 9, "");
  const auto refused = accept_offset(settings, at(0), std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is no lane of millrace"));
  EXPECT_EQ(state_of(0).standing, Standing::kUnmarked);
}

}  // namespace
}  // namespace millrace::test

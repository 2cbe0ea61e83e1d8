// Our Kafka clients against the real broker: what the exactly-once protocol takes for granted of transactions, and of topics.
#include "integration/kafka_itest.h"

namespace millrace::test {
namespace {

TEST(KafkaTransaction, CarriesFourThousandBytesOfOffsetMetadata) {
  auto topic = broker().make_topic("metadata");
  auto c = make_consumer(broker().unique("g"));
  auto mine = join(c, topic, 1);
  auto p = make_producer(broker().unique("t"));
  std::string plan(4090, 'x');
  plan[0] = 'A';
  auto group = c.group_metadata();
  ASSERT_TRUE(group);
  EXPECT_TRUE(group->fences());
  ASSERT_TRUE(p.begin());
  ASSERT_TRUE(p.send_offsets({{mine[0], Offset(7), plan}}, *group, 10s));
  auto done = p.commit(10s);
  ASSERT_TRUE(done) << done.error().message;
  auto read = stable(c, mine);
  ASSERT_TRUE(read[0].offset);
  EXPECT_EQ(read[0].offset->value, 7);
  EXPECT_EQ(read[0].metadata, plan);
}

TEST(KafkaTransaction, RefusesMetadataBeyondTheBrokersLimitWithoutCommitting) {
  auto topic = broker().make_topic("metadata");
  auto c = make_consumer(broker().unique("g"));
  auto mine = join(c, topic, 1);
  auto p = make_producer(broker().unique("t"));
  auto group = c.group_metadata();
  ASSERT_TRUE(p.begin());
  auto sent = p.send_offsets({{mine[0], Offset(7), std::string(4097, 'x')}}, *group, 10s);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().failure, TransactionFailure::kAbortable) << sent.error().message;
  ASSERT_TRUE(p.abort(10s));
  EXPECT_FALSE(stable(c, mine)[0].offset);
}

TEST(KafkaTransaction, FencesTheOldProducerOfTheSameId) {
  auto topic = broker().make_topic("fence");
  auto id = broker().unique("t");
  auto old_one = make_producer(id);
  ASSERT_TRUE(old_one.begin());
  ASSERT_TRUE(old_one.produce({.topic = topic, .partition = PartitionId(0), .key = "k", .value = "old"}));
  auto new_one = make_producer(id);
  auto done = old_one.commit(10s);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().failure, TransactionFailure::kFenced) << done.error().message;
  ASSERT_TRUE(new_one.begin());
  ASSERT_TRUE(new_one.produce({.topic = topic, .partition = PartitionId(0), .key = "k", .value = "new"}));
  ASSERT_TRUE(new_one.commit(10s));
}

TEST(KafkaTransaction, IsRefusedByTheGroupThatTheMemberLeft) {
  auto topic = broker().make_topic("refused");
  auto group = broker().unique("g");
  auto p = make_producer(broker().unique("t"));
  GroupMetadata stale;
  std::vector<TopicPartition> mine;
  {
    auto c = make_consumer(group);
    mine = join(c, topic, 1);
    stale = std::move(*c.group_metadata());
  }
  auto next = make_consumer(group);
  join(next, topic, 1);
  ASSERT_TRUE(p.begin());
  auto sent = p.send_offsets({{mine[0], Offset(3), ""}}, stale, 10s);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().failure, TransactionFailure::kRefusedByGroup) << sent.error().message;
  ASSERT_TRUE(p.abort(10s));
  EXPECT_FALSE(stable(next, mine)[0].offset);
  ASSERT_TRUE(p.begin());  // the same producer goes on
  EXPECT_TRUE(p.send_offsets({{mine[0], Offset(3), ""}}, *next.group_metadata(), 10s));
  EXPECT_TRUE(p.commit(10s));
}

TEST(KafkaTransaction, WhoInitialisesTheIdAgainSettlesAnOpenTransactionAtOnce) {
  auto topic = broker().make_topic("settle");
  auto id = broker().unique("t");
  auto c = make_consumer(broker().unique("g"));
  auto mine = join(c, topic, 1);
  auto dead = make_producer(id);
  ASSERT_TRUE(dead.begin());
  ASSERT_TRUE(dead.send_offsets({{mine[0], Offset(5), "plan"}}, *c.group_metadata(), 10s));
  auto pending = c.committed(mine, 5s);
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_TRUE((*pending)[0].unstable);
  EXPECT_FALSE((*pending)[0].offset);
  auto begin = Clock::now();
  auto heir = make_producer(id);
  bool stable = false;
  for (int i = 0; i < 200 && !stable; ++i) {
    auto read = c.committed(mine, 5s);
    stable = read && !(*read)[0].error;
    if (stable) {
      EXPECT_FALSE((*read)[0].offset);
    }
  }
  EXPECT_TRUE(stable);
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST(KafkaAdmin, TopicMadeAnewHasAnotherId) {
  auto admin = Admin::create(broker().properties());
  ASSERT_TRUE(admin);
  auto topic = broker().make_topic("again", 3, {{"cleanup.policy", "compact"}});
  EXPECT_EQ(*admin->create_topic({topic, 3, 1, {}}), Created::kExisted);
  EXPECT_EQ((*admin->topic_configs(topic))["cleanup.policy"], "compact");
  auto first = admin->describe({topic, "no-such-topic"});
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE((*first)[0]);
  EXPECT_EQ((*first)[0]->partitions.size(), 3u);
  EXPECT_EQ((*first)[0]->replicas_min, 1);
  ASSERT_FALSE((*first)[1]);
  EXPECT_EQ((*first)[1].error().retry, Retry::kPermanent);
  ASSERT_TRUE(admin->delete_topic(topic));
  Result<Created> made = Created::kExisted;
  for (int i = 0; i < 100 && !(made && *made == Created::kNew); ++i) made = admin->create_topic({topic, 3, 1, {}});
  ASSERT_TRUE(made && *made == Created::kNew);
  auto second = admin->describe({topic});
  for (int i = 0; i < 100 && !(second && (*second)[0]); ++i) second = admin->describe({topic});  // until brokers know it
  ASSERT_TRUE((*second)[0]) << (*second)[0].error().message;
  EXPECT_NE((*first)[0]->id, (*second)[0]->id);
  EXPECT_NE((*second)[0]->id.value, Uuid{});
  EXPECT_EQ((*admin->broker_configs())["offset.metadata.max.bytes"], "4096");
}

}  // namespace
}  // namespace millrace::test

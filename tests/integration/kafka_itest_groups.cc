// Our Kafka clients against the real broker: what the exactly-once protocol takes for granted of consumer groups.
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "integration/kafka_itest.h"

namespace millrace::test {
namespace {

TEST(KafkaGroup, ReportsAnOffsetInAPendingTransactionAsUnstableAndOthersAsTheyAre) {
  auto topic = broker().make_topic("unstable", 2);
  auto c = make_consumer(broker().unique("g"));
  auto mine = join(c, topic, 2);
  std::sort(mine.begin(), mine.end());
  auto p = make_producer(broker().unique("t"));
  ASSERT_TRUE(p.begin());
  ASSERT_TRUE(p.send_offsets({{mine[0], Offset(1), "a"}, {mine[1], Offset(2), "b"}}, *c.group_metadata(), 10s));
  ASSERT_TRUE(p.commit(10s));
  stable(c, mine);
  ASSERT_TRUE(p.begin());
  ASSERT_TRUE(p.send_offsets({{mine[0], Offset(9), "c"}}, *c.group_metadata(), 10s));
  auto read = c.committed(mine, 5s);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE((*read)[0].unstable);
  EXPECT_FALSE((*read)[0].offset);
  ASSERT_TRUE((*read)[1].offset);
  EXPECT_EQ((*read)[1].offset->value, 2);
  EXPECT_EQ((*read)[1].metadata, "b");
  ASSERT_TRUE(p.abort(10s));
}

TEST(KafkaGroup, StaticMemberComesBackToItsPartitionsWithoutARebalance) {
  auto topic = broker().make_topic("static", 4);
  auto group = broker().unique("g");
  auto a = make_consumer(group, "a");
  join(a, topic, 4);
  std::vector<Rebalance> seen_a, seen_b;
  std::vector<TopicPartition> of_b;
  {
    auto b = make_consumer(group, "b");
    ASSERT_TRUE(b.subscribe({topic}));
    for (auto end = Clock::now() + 20s; Clock::now() < end && of_b.size() < 2;) {
      poll_until(a, [] { return true; }, &seen_a);
      for (auto& r : seen_a)
        if (r.kind == RebalanceKind::kRevoked) {
          EXPECT_TRUE(a.unassign(r.partitions));
        } else {
          EXPECT_TRUE(a.assign({}));
        }
      seen_a.clear();
      poll_until(b, [] { return true; }, &seen_b);
      for (auto& r : seen_b) {
        std::vector<AssignedPartition> begins;
        for (auto& p : r.partitions) begins.push_back({p, Offset(0)}), of_b.push_back(p);
        EXPECT_TRUE(b.assign(begins));
      }
      seen_b.clear();
    }
    ASSERT_EQ(of_b.size(), 2u);
    // The group settles: a's last answer.
    for (int i = 0; i < 20; ++i) {
      poll_until(a, [] { return true; }, &seen_a);
      for (auto& r : seen_a) EXPECT_TRUE(r.kind == RebalanceKind::kAssigned ? a.assign({}) : a.unassign(r.partitions));
      seen_a.clear();
      poll_until(b, [] { return true; }, &seen_b);
      for (size_t k = 0; k < seen_b.size(); ++k) EXPECT_TRUE(b.assign({}));
      seen_b.clear();
    }
  }
  int32_t generation = a.group_metadata()->generation();
  auto b = make_consumer(group, "b");
  std::vector<TopicPartition> again = join(b, topic, 2);
  std::sort(of_b.begin(), of_b.end());
  std::sort(again.begin(), again.end());
  EXPECT_EQ(again, of_b);
  poll_until(a, [i = 0]() mutable { return ++i > 20; }, &seen_a);
  EXPECT_TRUE(seen_a.empty());
  EXPECT_EQ(a.group_metadata()->generation(), generation);
}

TEST(KafkaGroup, SecondMemberWithTheSameInstanceIdFencesTheFirst) {
  auto topic = broker().make_topic("zombie");
  auto group = broker().unique("g");
  auto zombie = make_consumer(group, "same");
  auto mine = join(zombie, topic, 1);
  auto stale = zombie.group_metadata();
  auto owner = make_consumer(group, "same");
  join(owner, topic, 1);
  auto p = make_producer(broker().unique("t"));
  ASSERT_TRUE(p.begin());
  auto sent = p.send_offsets({{mine[0], Offset(3), ""}}, *stale, 10s);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().failure, TransactionFailure::kRefusedByGroup) << sent.error().message;
  ASSERT_TRUE(p.abort(10s));
  std::vector<Rebalance> seen;
  EXPECT_TRUE(poll_until(zombie, [&] { return zombie.fatal_error().has_value(); }, &seen));
}

TEST(KafkaGroup, RevocationWaitsForItsAnswerAndMayCommitUntilThen) {
  auto topic = broker().make_topic("revoke", 2);
  auto group = broker().unique("g");
  auto a = make_consumer(group);
  auto mine = join(a, topic, 2);
  auto b = make_consumer(group);
  ASSERT_TRUE(b.subscribe({topic}));
  std::vector<Rebalance> seen_a, seen_b;
  auto both = [&](auto done) {
    for (auto end = Clock::now() + 20s; Clock::now() < end && !done();) {
      poll_until(a, [] { return true; }, &seen_a);
      poll_until(b, [] { return true; }, &seen_b);
      for (auto* seen : {&seen_a, &seen_b})  // the empty ones want their answer too
        std::erase_if(*seen, [&](auto& r) {
          if (!r.partitions.empty()) return false;
          auto& c = seen == &seen_a ? a : b;
          EXPECT_TRUE(r.kind == RebalanceKind::kAssigned ? c.assign({}) : c.unassign({}));
          return true;
        });
    }
    return done();
  };
  auto revoked = [&]() -> const Rebalance* {
    for (auto& r : seen_a)
      if (r.kind == RebalanceKind::kRevoked && !r.partitions.empty()) return &r;
    return nullptr;
  };
  ASSERT_TRUE(both([&] { return revoked() != nullptr; }));
  auto gone = revoked()->partitions;
  auto p = make_producer(broker().unique("t"));
  ASSERT_TRUE(p.begin());
  auto sent = p.send_offsets({{gone[0], Offset(11), ""}}, *a.group_metadata(), 10s);
  ASSERT_TRUE(sent) << sent.error().message;
  ASSERT_TRUE(p.commit(10s));
  EXPECT_EQ(a.assignment().size(), 2u);
  ASSERT_TRUE(a.unassign(gone));
  std::set<TopicPartition> of_b;
  EXPECT_TRUE(both([&] {
    for (auto& r : seen_b) {
      for (auto& q : r.partitions) of_b.insert(q);
      EXPECT_TRUE(b.assign({}));
    }
    seen_b.clear();
    return of_b.size() == 1;
  }));
  EXPECT_EQ(stable(b, gone)[0].offset, Offset(11));
}

// Without scripts/librdkafka-answers-after-close.patch a question that is under way when the consumer has closed is never answered: a lane that stops while its group
// is dealt out would stand there until the process is killed.
TEST(KafkaGroup, QuestionsAreAnsweredWhileTheConsumerClosesAndAfterwards) {
  const auto topic = broker().make_topic("closing", 1);
  for (int round = 0; round < 10; ++round) {
    auto consumer = std::make_shared<Consumer>(make_consumer(broker().unique("g")));
    ASSERT_TRUE(consumer->subscribe({topic}));
    auto answered = std::make_shared<std::promise<void>>();
    auto all = answered->get_future();
    std::thread([consumer, answered, after = 0]() mutable {
      while (after < 100) {
        (void)consumer->group_metadata();
        if (consumer->closed()) (void)consumer->unassign({}), ++after;
      }
      consumer.reset();  // the test destroys it
      answered->set_value();
    }).detach();  // it would be joined for ever, and with it the consumer
    consumer->close();
    std::vector<Rebalance> seen;
    ASSERT_TRUE(poll_until(*consumer, [&] { return consumer->closed(); }, &seen));
    ASSERT_EQ(all.wait_for(20s), std::future_status::ready) << "round " << round;
  }
}

TEST(KafkaGroup, PauseAndResumeLoseAndDoubleNothing) {
  constexpr int kRecords = 6'000;
  auto topic = broker().make_topic("pause", 3);
  fill(topic, 0, kRecords, 3);
  auto c = make_consumer(broker().unique("g"));
  // Not join(): it throws records away.
  ASSERT_TRUE(c.subscribe({topic}));
  std::mt19937 random(7);
  MessageBatch batch;
  std::vector<TopicPartition> mine;
  std::map<int32_t, int64_t> next;
  int got = 0;
  bool paused = false;
  for (auto end = Clock::now() + 30s; Clock::now() < end && got < kRecords;) {
    c.consume(batch, 200, 5ms);
    for (auto& r : c.take_rebalances()) {
      std::vector<AssignedPartition> begins;
      for (auto& p : r.partitions) begins.push_back({p, Offset(0)}), mine.push_back(p);
      ASSERT_TRUE(c.assign(begins));
    }
    if (paused) {
      EXPECT_TRUE(batch.records().empty());
    }
    for (auto& r : batch.records()) {
      ASSERT_EQ(r.offset.value, next[r.partition.value]++);
      ASSERT_EQ(r.value, std::to_string(r.offset.value * 3 + r.partition.value));
      ASSERT_EQ(c.topic_name(r.topic), topic);
      ++got;
    }
    if (mine.size() == 3 && random() % 3 == 0) {
      ASSERT_TRUE(paused ? c.resume(mine) : c.pause(mine));
      paused = !paused;
    }
  }
  EXPECT_EQ(got, kRecords);
}

}  // namespace
}  // namespace millrace::test

// Our Kafka clients against the real broker: what the exactly-once protocol takes for granted of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "clients/kafka/admin.h"
#include "clients/kafka/idempotent_producer.h"
#include "clients/kafka/reader.h"
#include "clients/kafka/transactional_producer.h"
#include "integration/broker_fixture.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using namespace kafka;
using Clock = std::chrono::steady_clock;

BrokerFixture& broker() { return BrokerFixture::shared(); }

Consumer make_consumer(const std::string& group, const std::string& instance = "") {
  ConsumerSettings s;
  s.kafka = broker().properties();
  s.group = group;
  s.instance_id = instance;
  s.session_timeout = 6s;
  s.heartbeat_interval = 100ms;
  auto c = Consumer::create(s);
  EXPECT_TRUE(c) << c.error().message;
  return std::move(*c);
}

TransactionalProducer make_producer(const std::string& id) {
  TransactionalSettings s;
  s.kafka = broker().properties();
  s.transactional_id = id;
  auto p = TransactionalProducer::create(s);
  EXPECT_TRUE(p) << p.error().message;
  auto ready = p->init(10s);
  EXPECT_TRUE(ready) << ready.error().message;
  return std::move(*p);
}

void fill(const std::string& topic, int from, int to, int partitions = 1) {
  IdempotentSettings s;
  s.kafka = broker().properties();
  auto p = IdempotentProducer::create(s);
  ASSERT_TRUE(p);
  for (int i = from; i < to; ++i) {
    std::string value = std::to_string(i);
    OutgoingRecord r{.topic = topic, .partition = PartitionId(i % partitions), .key = "k", .value = value};
    ASSERT_TRUE(p->produce(r));
  }
  ASSERT_TRUE(p->flush(10s));
  EXPECT_EQ(p->delivered(), static_cast<uint64_t>(to - from));
}

// Consumes (and throws away) until `done`, at most 20 seconds.
template <class Done>
bool poll_until(Consumer& c, Done done, std::vector<Rebalance>* seen) {
  MessageBatch batch;
  for (auto end = Clock::now() + 20s; Clock::now() < end;) {
    c.consume(batch, 100, 20ms);
    for (auto& r : c.take_rebalances()) seen->push_back(std::move(r));
    if (done()) return true;
  }
  return false;
}

// Joins, takes what it is given from offset 0, and returns it.
std::vector<TopicPartition> join(Consumer& c, const std::string& topic, size_t partitions) {
  std::vector<Rebalance> seen;
  std::vector<TopicPartition> mine;
  EXPECT_TRUE(c.subscribe({topic}));
  EXPECT_TRUE(poll_until(
      c,
      [&] {
        for (auto& r : seen) {
          if (r.kind == RebalanceKind::kAssigned) {
            std::vector<AssignedPartition> begins;
            for (auto& p : r.partitions) begins.push_back({p, Offset(0)}), mine.push_back(p);
            EXPECT_TRUE(c.assign(begins));
          } else {
            EXPECT_TRUE(c.unassign(r.partitions));
          }
        }
        seen.clear();
        return mine.size() >= partitions;
      },
      &seen));
  return mine;
}

// Asks until nothing is pending any more.
std::vector<CommittedOffset> stable(Consumer& c, const std::vector<TopicPartition>& partitions) {
  for (auto end = Clock::now() + 10s; Clock::now() < end;) {
    auto read = c.committed(partitions, 5s);
    if (read && std::none_of(read->begin(), read->end(), [](auto& x) { return x.error.has_value(); })) return *read;
  }
  ADD_FAILURE() << "the committed offsets don't become stable";
  return std::vector<CommittedOffset>(partitions.size());
}

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

TEST(KafkaReader, AbortedRecordsAndMarkersAreHolesAndTheEndIsReported) {
  auto topic = broker().make_topic("holes");
  auto p = make_producer(broker().unique("t"));
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(p.begin());
    ASSERT_TRUE(p.produce({.topic = topic, .partition = PartitionId(0), .key = "k", .value = std::to_string(i)}));
    if (i % 2) {
      ASSERT_TRUE(p.abort(10s));
    } else {
      ASSERT_TRUE(p.commit(10s));
    }
  }
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  ASSERT_TRUE(r);
  TopicPartition part{topic, PartitionId(0)};
  auto w = r->watermarks(part, 5s);
  ASSERT_TRUE(w);
  ASSERT_TRUE(r->assign({{part, w->low}}));
  MessageBatch batch;
  std::vector<std::string> values;
  std::optional<Offset> end_seen;
  for (auto end = Clock::now() + 20s; Clock::now() < end && !end_seen;) {
    r->consume(batch, 100, 50ms);
    for (auto& x : batch.records()) values.emplace_back(x.value);
    for (auto& e : batch.ends()) end_seen = e.offset;
  }
  EXPECT_THAT(values, testing::ElementsAre("0", "2", "4"));
  ASSERT_TRUE(end_seen);
  EXPECT_EQ(end_seen->value, w->high.value);
}

TEST(KafkaReader, KeepsNullEmptyAndHeadersApart) {
  auto topic = broker().make_topic("nulls");
  auto p = make_producer(broker().unique("t"));
  std::vector<Header> headers{{"a", std::string("\0x", 2)}, {"none", "", true}, {"a", ""}};
  ASSERT_TRUE(p.begin());
  ASSERT_TRUE(p.produce({.topic = topic, .partition = PartitionId(0), .key = "", .value = "", .timestamp_ms = 1234, .headers = &headers}));
  ASSERT_TRUE(p.produce({.topic = topic, .partition = PartitionId(0), .key = "", .value = "", .null_key = true, .null_value = true}));
  ASSERT_TRUE(p.commit(10s));
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  ASSERT_TRUE(r->assign({{TopicPartition{topic, PartitionId(0)}, Offset(0)}}));
  MessageBatch batch;
  size_t seen = 0;
  for (auto end = Clock::now() + 20s; Clock::now() < end && seen < 2;) {
    r->consume(batch, 10, 50ms);
    for (size_t i = 0; i < batch.records().size(); ++i, ++seen) {
      auto& x = batch.records()[i];
      EXPECT_EQ(x.null_value, seen == 1);
      EXPECT_EQ(x.key.data() == nullptr, seen == 1);
      if (seen == 0) {
        EXPECT_EQ(x.timestamp_ms, 1234);
        auto h = batch.headers(i);
        ASSERT_EQ(h.size(), 3u);
        EXPECT_EQ(h[0].value, headers[0].value);
        EXPECT_TRUE(h[1].null_value);
        EXPECT_FALSE(h[2].null_value);
      }
    }
  }
  EXPECT_EQ(seen, 2u);
}

TEST(KafkaReader, OffsetThatIsGoneIsAnErrorOfItsPartitionAlone) {
  auto topic = broker().make_topic("gone", 2);
  fill(topic, 0, 20, 2);
  auto admin = Admin::create(broker().properties());
  ASSERT_TRUE(admin->delete_records({topic, PartitionId(0)}, Offset(5)));
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  EXPECT_EQ(r->watermarks({topic, PartitionId(0)}, 5s)->low.value, 5);
  ASSERT_TRUE(r->assign({{{topic, PartitionId(0)}, Offset(2)}, {{topic, PartitionId(1)}, Offset(0)}}));
  MessageBatch batch;
  size_t records = 0;
  std::vector<PartitionError> errors;
  for (auto end = Clock::now() + 20s; Clock::now() < end && (errors.empty() || records < 10);) {
    r->consume(batch, 100, 50ms);
    for (auto& x : batch.records()) {
      EXPECT_EQ(x.partition.value, 1);
      ++records;
    }
    for (auto& e : batch.partition_errors()) errors.push_back(e);
  }
  EXPECT_EQ(records, 10u);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].partition.partition.value, 0);
  EXPECT_EQ(errors[0].error.retry, Retry::kPermanent) << errors[0].error.message;
}

TEST(KafkaReader, FindsOffsetsByTime) {
  auto topic = broker().make_topic("time");
  auto p = make_producer(broker().unique("t"));
  ASSERT_TRUE(p.begin());
  for (int64_t t : {1000, 2000, 3000}) ASSERT_TRUE(p.produce({.topic = topic, .partition = PartitionId(0), .key = "k", .value = "v", .timestamp_ms = t}));
  ASSERT_TRUE(p.commit(10s));
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  TopicPartition part{topic, PartitionId(0)};
  while (r->watermarks(part, 5s)->high.value < 4) {  // until the marker is written
  }
  EXPECT_EQ((*r->offsets_at({part}, 1500, 5s))[0].second.value, 1);
  EXPECT_EQ((*r->offsets_at({part}, 9000, 5s))[0].second.value, 3);  // the marker is of today
  EXPECT_EQ((*r->offsets_at({part}, 1LL << 45, 5s))[0].second.value, 4);
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

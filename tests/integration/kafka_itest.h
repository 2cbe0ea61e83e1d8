#pragma once
// What the tests of our Kafka clients share: clients of the one broker, and waiting for them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "clients/kafka/admin.h"
#include "clients/kafka/consumer.h"
#include "clients/kafka/idempotent_producer.h"
#include "clients/kafka/reader.h"
#include "clients/kafka/transactional_producer.h"
#include "integration/broker_fixture.h"

namespace millrace::test {

using namespace std::chrono_literals;
using namespace kafka;
using Clock = std::chrono::steady_clock;

inline BrokerFixture& broker() { return BrokerFixture::shared(); }

inline Consumer make_consumer(const std::string& group, const std::string& instance = "") {
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

inline TransactionalProducer make_producer(const std::string& id) {
  TransactionalSettings s;
  s.kafka = broker().properties();
  s.transactional_id = id;
  auto p = TransactionalProducer::create(s);
  EXPECT_TRUE(p) << p.error().message;
  auto ready = p->init(10s);
  EXPECT_TRUE(ready) << ready.error().message;
  return std::move(*p);
}

inline void fill(const std::string& topic, int from, int to, int partitions = 1) {
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
inline std::vector<TopicPartition> join(Consumer& c, const std::string& topic, size_t partitions) {
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
inline std::vector<CommittedOffset> stable(Consumer& c, const std::vector<TopicPartition>& partitions) {
  for (auto end = Clock::now() + 10s; Clock::now() < end;) {
    auto read = c.committed(partitions, 5s);
    if (read && std::none_of(read->begin(), read->end(), [](auto& x) { return x.error.has_value(); })) return *read;
  }
  ADD_FAILURE() << "the committed offsets don't become stable";
  return std::vector<CommittedOffset>(partitions.size());
}

}  // namespace millrace::test

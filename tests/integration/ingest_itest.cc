// A lane's ingest against the real broker: what is handed out, after whatever was stopped, begun again, paused and revoked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "clients/kafka/idempotent_producer.h"
#include "clients/metrics/registry.h"
#include "integration/broker_fixture.h"
#include "pipeline/ingest/ingest.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using namespace pipeline;
using Clock = std::chrono::steady_clock;
using Kind = kafka::RebalanceKind;

constexpr int kPartitions = 3;
constexpr size_t kBatch = 300;  // records of a batch, at most

BrokerFixture& broker() { return BrokerFixture::shared(); }

// The value of a record is its offset.
void fill(const std::string& topic, int each) {
  kafka::IdempotentSettings settings;
  settings.kafka = broker().properties();
  settings.kafka.overrides["batch.num.messages"] = std::to_string(kBatch);
  auto producer = kafka::IdempotentProducer::create(settings);
  ASSERT_TRUE(producer);
  for (int i = 0; i < each; ++i)
    for (int p = 0; p < kPartitions; ++p) {
      const std::string value = std::to_string(i);
      ASSERT_TRUE(producer->produce({.topic = topic, .partition = PartitionId(p), .key = "k", .value = value}));
    }
  ASSERT_TRUE(producer->flush(20s));
}

class Member {
 public:
  Member(const std::string& topic, const std::string& group, size_t in_flight_records_max = 1'000'000) {
    IngestSettings settings;
    settings.consumer.kafka = broker().properties();
    settings.consumer.group = group;
    settings.consumer.session_timeout = 6s;
    settings.consumer.heartbeat_interval = 100ms;
    settings.consumer.queued_bytes_max = 64 << 10;  // little is prefetched, so that positions matter
    settings.topics = {topic};
    settings.in_flight_records_max = in_flight_records_max;
    settings.poll_records_max = 500;
    auto made = Ingest::create(settings, metrics_);
    EXPECT_TRUE(made) << made.error().message;
    ingest.emplace(std::move(*made));
  }
  // One turn; rebalances are kept in `rebalances`.
  void turn(InFlightUsage held = {}) {
    ingest->poll(5ms, held);
    for (auto& each : ingest->take_rebalances()) rebalances.push_back(std::move(each));
    EXPECT_TRUE(ingest->take_partition_errors().empty());
  }
  void accept_assignments() {
    for (const auto& each : std::exchange(rebalances, {})) {
      EXPECT_EQ(each.kind, Kind::kAssigned);
      ingest->accept_assignment();
      for (const auto& p : each.partitions) mine.push_back(p);
    }
  }
  // Reads all that it is given from the beginning.
  void join(size_t partitions = kPartitions) {
    ASSERT_TRUE(until([&] { return accept_assignments(), mine.size() >= partitions; }));
    for (const auto& p : mine) start(p, 0);
  }
  void start(const TopicPartition& partition, int64_t offset) {
    ingest->start_reading(partition, Offset(offset));
    expected[partition] = offset;
  }
  void stop(const TopicPartition& partition) {
    ingest->stop_reading({partition});
    expected.erase(partition);
  }
  // Takes what waits, at most so many; each must be the next of its partition, of one that is read.
  size_t take(size_t most) {
    size_t taken = 0;
    while (taken < most) {
      auto run = ingest->front();
      if (!run) break;
      const size_t n = std::min(run->records.size(), most - taken);
      const auto next = expected.find(run->partition);
      if (next == expected.end()) return ADD_FAILURE() << "a record of a partition that isn't read", taken;
      for (const Record& record : run->records.first(n)) {
        if (record.offset.value != next->second) return ADD_FAILURE() << "offset " << record.offset.value << " instead of " << next->second, taken;
        if (record.value != std::to_string(next->second)) return ADD_FAILURE() << "the record at " << next->second << " says " << record.value, taken;
        ++next->second;
      }
      ingest->pop(n);
      taken += n;
    }
    return taken;
  }
  template <class Done>
  bool until(Done done, InFlightUsage held = {}) {
    for (const auto end = Clock::now() + 30s; Clock::now() < end;) {
      turn(held);
      if (done()) return true;
    }
    return false;
  }
  bool at_end(int64_t end) {
    take(SIZE_MAX);
    return std::ranges::all_of(expected, [&](const auto& each) { return each.second == end; });
  }

  std::optional<Ingest> ingest;
  std::vector<TopicPartition> mine;
  std::map<TopicPartition, int64_t> expected;
  std::vector<kafka::Rebalance> rebalances;

 private:
  metrics::Registry metrics_;
};

TEST(Ingest, HandsOutEveryRecordOnceHoweverOftenReadingStopsAndBeginsElsewhere) {
  constexpr int kEach = 8'000;
  const auto topic = broker().make_topic("ingest", kPartitions);
  fill(topic, kEach);
  Member member(topic, broker().unique("g"));
  member.join();
  std::mt19937 random(7);
  for (int act = 0; act < 60 && !testing::Test::HasFailure(); ++act) {
    const TopicPartition& partition = member.mine[random() % member.mine.size()];
    for (size_t turns = random() % 4; turns-- > 0;) member.turn();
    member.take(random() % 700);
    const auto at = member.expected.find(partition);
    switch (random() % 3) {
      case 0: member.stop(partition); break;
      case 1: member.start(partition, static_cast<int64_t>(random() % kEach)); break;  // forward or back
      case 2: {                                                                        // at once from where it stands, as after a refused commit
        const int64_t next = at == member.expected.end() ? 0 : at->second;
        member.stop(partition);
        member.start(partition, next);
      }
    }
  }
  for (const auto& partition : member.mine)
    if (!member.expected.contains(partition)) member.start(partition, kEach / 2);
  EXPECT_TRUE(member.until([&] { return testing::Test::HasFailure() || member.at_end(kEach); })) << "not all of it came";
}

TEST(Ingest, TakesNothingMoreWhileTooMuchIsInFlightAndGoesOnAfterwards) {
  constexpr int kEach = 20'000;
  const auto topic = broker().make_topic("ingest", kPartitions);
  fill(topic, kEach);
  Member member(topic, broker().unique("g"), 5'000);
  member.join();
  EXPECT_TRUE(member.until([&] { return member.ingest->paused(); })) << "it should pause when nobody takes anything";
  const size_t waiting = member.ingest->waiting().records;
  EXPECT_LT(waiting, 5'000u + 500u + kBatch) << "record batches come whole";
  for (int i = 0; i < 20; ++i) member.turn();
  EXPECT_EQ(member.ingest->waiting().records, waiting);
  EXPECT_EQ(member.take(SIZE_MAX), waiting);
  for (int i = 0; i < 20; ++i) member.turn({4'000, 0});  // what the caller holds counts too
  EXPECT_EQ(member.ingest->waiting().records, 0u);
  EXPECT_TRUE(member.until([&] { return testing::Test::HasFailure() || member.at_end(kEach); }));
}

TEST(Ingest, ARevocationIsAnsweredByReleaseAlone) {
  const auto topic = broker().make_topic("ingest", kPartitions), group = broker().unique("g");
  fill(topic, 1'000);
  Member first(topic, group);
  first.join();
  Member second(topic, group);
  EXPECT_TRUE(first.until([&] {
    second.turn();
    second.accept_assignments();
    return !first.rebalances.empty();
  }));
  ASSERT_EQ(first.rebalances.front().kind, Kind::kRevoked);
  const auto revoked = std::exchange(first.rebalances, {}).front().partitions;
  ASSERT_FALSE(revoked.empty());
  for (const auto& partition : revoked) first.stop(partition);
  for (const auto end = Clock::now() + 1500ms; Clock::now() < end;) first.turn(), second.turn(), second.accept_assignments();
  EXPECT_TRUE(second.mine.empty()) << "the other was given partitions before they were let go";
  first.ingest->release(revoked);
  EXPECT_TRUE(second.until([&] {
    first.turn();
    first.accept_assignments();
    second.accept_assignments();
    return second.mine.size() >= revoked.size();
  }));
}

TEST(Ingest, WhatWasGivenBackAndComesAgainIsRead) {
  constexpr int kEach = 1'000;
  const auto topic = broker().make_topic("ingest", kPartitions), group = broker().unique("g");
  fill(topic, kEach);
  Member first(topic, group);
  first.join();
  std::optional<Member> second;
  second.emplace(topic, group);
  std::vector<TopicPartition> moved;
  EXPECT_TRUE(first.until([&] {
    second->turn();
    second->accept_assignments();
    for (const auto& each : std::exchange(first.rebalances, {})) {
      if (each.kind == Kind::kAssigned) {
        first.ingest->accept_assignment();
        continue;
      }
      for (const auto& partition : each.partitions) first.stop(partition), moved.push_back(partition);
      first.ingest->release(each.partitions);
    }
    return !moved.empty() && second->mine.size() == moved.size();
  }));
  second.reset();  // leaves the group
  first.mine.clear();
  EXPECT_TRUE(first.until([&] { return first.accept_assignments(), first.mine.size() == moved.size(); }));
  for (const auto& partition : first.mine) first.start(partition, 0);
  EXPECT_TRUE(first.until([&] { return testing::Test::HasFailure() || first.at_end(kEach); })) << "a partition that was paused when it went is paused still";
}

}  // namespace
}  // namespace millrace::test

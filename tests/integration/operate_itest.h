#pragma once
// What the tests of the operator's commands share: a topic with records, plans that a lane has left, and what became of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "clients/clickhouse/rows.h"
#include "clients/clickhouse/table_name.h"
#include "clients/kafka/admin.h"
#include "clients/kafka/idempotent_producer.h"
#include "clients/kafka/reader.h"
#include "integration/broker_fixture.h"
#include "integration/clickhouse_fixture.h"
#include "pipeline/decode/range_checksum.h"
#include "tools/operate/offset_acts.h"
#include "tools/operate/operator_commit.h"
#include "tools/operate/owners.h"
#include "tools/operate/plan_acts.h"
#include "tools/operate/report.h"
#include "tools/operate/stopped_plan.h"

namespace millrace::test {

using namespace std::chrono_literals;
using namespace operate;
using testing::HasSubstr;

constexpr int32_t kPartitions = 3;
constexpr int kRecords = 30;  // a partition

struct Letter {
  std::string key, value;
  bool null_key = false, null_value = false;
  std::map<std::string, std::string> headers;
};

inline BrokerFixture& broker() { return BrokerFixture::shared(); }
inline ClickhouseFixture& engine() {
  static ClickhouseFixture one;
  return one;
}

// Why it was refused; a result that isn't an error says so.
template <class T>
std::string why(const Result<T>& result) {
  return result ? "(it was done)" : result.error().message;
}

class Operate : public testing::Test {
 protected:
  Operate() : client({.url = engine().url(), .password = {}}) {
    topic = broker().make_topic("order.created", kPartitions);
    settings.kafka = broker().properties();
    settings.group = broker().unique("pipeline");
    settings.topics = {topic};
    settings.dead_letters = broker().make_topic("millrace.dlq", 2);
    settings.clickhouse = clickhouse::Endpoint{.url = engine().url(), .password = {}};
    settings.inserts_land_within = 100ms;
    settings.patience = 3s;
    produce();
    EXPECT_TRUE(client.execute("CREATE TABLE " + table() +
                               " (_plan UInt128, _topic LowCardinality(String), _partition Int32, _offset Int64) ENGINE = MergeTree ORDER BY _offset"));
  }
  std::string table() const { return clickhouse::quote_identifier(clickhouse::table_of_topic(topic)); }
  TopicPartition at(int32_t partition) const { return {topic, PartitionId(partition)}; }

  static std::string value_of(int n) { return n % 7 == 3 ? "" : std::string("\0\0\0\0\5", 5) + "event \xff\0" + std::to_string(n); }
  void produce() {
    auto producer = kafka::IdempotentProducer::create({.kafka = broker().properties()});
    ASSERT_TRUE(producer);
    for (int n = 0; n < kRecords * kPartitions; ++n) {
      const std::vector<kafka::Header> headers{{"trace", "t" + std::to_string(n)}};
      const std::string value = value_of(n), key = "k" + std::to_string(n);
      kafka::OutgoingRecord record;
      record.topic = topic, record.key = key, record.value = value, record.headers = &headers;
      record.null_key = n % 5 == 1, record.null_value = n % 11 == 4;
      record.partition = PartitionId(n / kRecords);
      ASSERT_TRUE(producer->produce(record));
    }
    ASSERT_TRUE(producer->flush(10s));
  }

  TopicId topic_id() {
    auto admin = kafka::Admin::create(broker().properties());
    return admin->describe({topic})->front()->id;
  }
  // Offsets [begin, end) of each of the partitions, with the checksums of what is there.
  pipeline::PlanPtr make_plan(const std::vector<int32_t>& partitions, int64_t begin = 5, int64_t end = 25) {
    auto plan = std::make_shared<pipeline::Plan>();
    static uint64_t number = 0;
    plan->time_ms = 1'790'000'000'000;
    plan->id = PlanId({0x01a0'c450'6c00'7000, ++number});
    for (const int32_t partition : partitions) {
      pipeline::PlanRange range{at(partition), topic_id(), {Offset(begin), Offset(end)}, static_cast<uint32_t>(end - begin), 0};
      auto reader = kafka::Reader::create({.kafka = broker().properties(), .group = {}});
      EXPECT_TRUE(reader->assign({{at(partition), Offset(begin)}}));
      kafka::MessageBatch batch;
      for (int64_t next = begin; next < end;) {
        reader->consume(batch, 100, 200ms);
        for (const auto& record : batch.records())
          if (record.offset.value < end) range.checksum = pipeline::range_checksum(range.checksum, record), next = record.offset.value + 1;
      }
      plan->ranges.push_back(range);
    }
    return plan;
  }

  // As a lane, or somebody else, would have left it.
  void commit(int32_t partition, int64_t offset, const std::string& metadata) {
    kafka::TransactionalSettings s{.kafka = broker().properties(), .transactional_id = broker().unique("left")};
    auto producer = kafka::TransactionalProducer::create(s);
    ASSERT_TRUE(producer && producer->init(10s) && producer->begin());
    const auto sent = producer->send_offsets({{at(partition), Offset(offset), metadata}}, kafka::GroupMetadata::of_no_member(settings.group), 10s);
    ASSERT_TRUE(sent) << sent.error().message;
    ASSERT_TRUE(producer->commit(10s));
  }
  void commit_plan(int32_t partition, const pipeline::PlanPtr& plan, int adoptions, bool stopped) {
    const Offset begin = plan->find(at(partition))->offsets.begin;
    commit(partition, begin.value, pipeline::encode({begin, topic_id(), static_cast<uint8_t>(adoptions), stopped, plan}));
  }
  void commit_healthy(int32_t partition, int64_t offset) { commit(partition, offset, pipeline::encode({Offset(offset), topic_id(), 0, false, nullptr})); }

  PartitionState state_of(int32_t partition) {
    auto view = GroupView::create(settings);
    return view->read({at(partition)})->front();
  }
  void insert_rows(const pipeline::PlanPtr& plan, int32_t partition, int64_t begin, int64_t end) {
    ASSERT_TRUE(client.execute("INSERT INTO " + table() + " SELECT " + clickhouse::uint128_literal(plan->id.value) + ", '" + topic + "', " +
                               std::to_string(partition) + ", " + std::to_string(begin) + " + number FROM numbers(" + std::to_string(end - begin) + ")"));
  }
  // By "partition/offset" that it says it is from.
  std::map<std::string, Letter> letters() {
    std::map<std::string, Letter> all;
    auto reader = kafka::Reader::create({.kafka = broker().properties(), .group = {}});
    EXPECT_TRUE(reader->assign({{{settings.dead_letters, PartitionId(0)}, Offset(0)}, {{settings.dead_letters, PartitionId(1)}, Offset(0)}}));
    kafka::MessageBatch batch;
    std::set<int32_t> ended;
    for (const auto give_up = std::chrono::steady_clock::now() + 20s; ended.size() < 2 && std::chrono::steady_clock::now() < give_up;) {
      reader->consume(batch, 1000, 200ms);
      for (size_t i = 0; i < batch.records().size(); ++i) {
        const auto& record = batch.records()[i];
        Letter letter{std::string(record.key), std::string(record.value), record.key.data() == nullptr, record.null_value, {}};
        for (const auto& header : batch.headers(i)) letter.headers[header.name] = header.value;
        const std::string from = letter.headers["millrace.partition"] + "/" + letter.headers["millrace.offset"];
        EXPECT_TRUE(all.emplace(from, letter).second) << "twice: " << from;
      }
      for (const auto& end : batch.ends()) ended.insert(end.partition.partition.value);
    }
    return all;
  }

  std::string topic;
  Settings settings;
  clickhouse::Client client;
};

}  // namespace millrace::test

// The audit against the real broker and the real engine: what is planted in the table is found, and a clean table passes.
#include "tools/audit/audit.h"
#include "tools/audit/datum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "clients/http_server/server.h"
#include "clients/kafka/idempotent_producer.h"
#include "clients/kafka/reader.h"
#include "clients/kafka/transactional_producer.h"
#include "integration/broker_fixture.h"
#include "integration/clickhouse_fixture.h"
#include "pipeline/sinks/alerts/alert.h"
#include "tools/loadgen/stream.h"
#include "tools/loadgen/topic_contract.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using audit::Kind;

constexpr int32_t kPartitions = 3;
constexpr uint64_t kEvents = 3000;

struct LogEntry {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string value;
  bool null_value = false;
};

// The first fields of order.created, by hand.
struct OrderHead {
  std::string event_id, tenant;
  int64_t cents = 0;
};
int64_t take_integer(std::string_view& rest) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(rest[0]);
    rest.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (!(byte & 0x80)) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
}
std::string take_text(std::string_view& rest) {
  const auto size = static_cast<size_t>(take_integer(rest));
  std::string text(rest.substr(0, size));
  rest.remove_prefix(size);
  return text;
}
OrderHead head_of(std::string_view datum) {
  OrderHead head;
  head.event_id = take_text(datum);
  head.tenant = take_text(datum);
  take_integer(datum);  // occurred_at
  take_text(datum);     // order_id
  take_integer(datum);  // user_id
  take_integer(datum);  // channel
  take_text(datum);     // currency
  const std::string amount = take_text(datum);
  for (const char byte : amount) head.cents = head.cents * 256 + static_cast<uint8_t>(byte);  // orders are never negative
  return head;
}

class Audit : public testing::Test {
 protected:
  void SetUp() override {
    topic = broker.make_topic("order.created", kPartitions);
    dead_letters = broker.make_topic("millrace.dlq", 2);
    alerts = broker.make_topic("millrace.alerts", 2);
    const auto contracts = loadgen::builtin_topics();
    ASSERT_TRUE(contracts);
    const auto contract = std::ranges::find(*contracts, "order.created", &loadgen::TopicContract::name);
    registry.route("GET", "/schemas/ids/(\\d+)", [schema = contract->schema](http_server::Request& request, http_server::Response& response) {
      if (request.matches[1] == "1")
        response.body = nlohmann::json{{"schema", schema}}.dump();
      else if (request.matches[1] == "2")
        response.body = nlohmann::json{{"schema", pipeline::kAlertSchema}}.dump();
      else
        response.status = 404, response.body = R"({"error_code":40403,"message":"Schema not found"})";
    });
    ASSERT_TRUE(registry.start());
    produce();
    read_back();
    ASSERT_TRUE(client.execute("CREATE TABLE " + table() +
                               " (event_id UUID, tenant LowCardinality(String), amount Decimal(18, 2), "
                               "_topic LowCardinality(String), _partition Int32, _offset Int64) ENGINE = MergeTree ORDER BY (_partition, _offset)"));
  }

  std::string table() const { return "`" + audit::table_of(topic) + "`"; }

  void produce() {
    loadgen::StreamSettings settings;
    settings.start_ms = 1'790'000'000'000;
    settings.topics = {{topic, loadgen::event_type_of_topic("order.created"), SchemaId(1)}};
    settings.defects = *loadgen::parse_defects("truncated=0.01,unknown_schema=0.01,wrong_magic=0.01,empty=0.01,tombstone=0.01");
    const loadgen::Stream stream(settings, *loadgen::Pace::create(1000, {}));
    auto plain = kafka::IdempotentProducer::create({.kafka = broker.properties()});
    ASSERT_TRUE(plain);
    kafka::TransactionalSettings aborting;
    aborting.kafka = broker.properties();
    aborting.transactional_id = broker.unique("aborting");
    auto aborted = kafka::TransactionalProducer::create(aborting);
    ASSERT_TRUE(aborted);
    ASSERT_TRUE(aborted->init(20s));
    ASSERT_TRUE(aborted->begin());
    loadgen::Event event;
    for (uint64_t n = 0; n < kEvents; ++n) {
      stream.make(n, event);
      kafka::OutgoingRecord record;
      record.topic = topic, record.key = event.key, record.value = event.value;
      record.null_value = event.defect == loadgen::Defect::kTombstone;
      record.partition = PartitionId(static_cast<int32_t>(n % kPartitions));
      if (n % 100 == 99)
        ASSERT_TRUE(aborted->produce(record));
      else
        ASSERT_TRUE(plain->produce(record));
    }
    ASSERT_TRUE(plain->flush(30s));
    ASSERT_TRUE(aborted->abort(10s));
  }

  void read_back() {
    auto reader = kafka::Reader::create({.kafka = broker.properties(), .group = {}});
    ASSERT_TRUE(reader);
    std::vector<std::pair<TopicPartition, Offset>> begins;
    for (int32_t i = 0; i < kPartitions; ++i) begins.push_back({{topic, PartitionId(i)}, Offset(0)});
    ASSERT_TRUE(reader->assign(begins));
    kafka::MessageBatch batch;
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (log.size() < kEvents - kEvents / 100 && std::chrono::steady_clock::now() < give_up) {
      reader->consume(batch, 1000, 500ms);
      for (const auto& record : batch.records()) log.push_back({record.partition.value, record.offset.value, std::string(record.value), record.null_value});
    }
    ASSERT_EQ(log.size(), kEvents - kEvents / 100);
    for (const LogEntry& entry : log) (good(entry) ? goods : bads).push_back(entry);
    ASSERT_GT(bads.size(), 50u);
  }

  // By the test's own judgement: the frame names schema 1 and the bytes are all there. A truncated one is told by its length.
  bool good(const LogEntry& entry) {
    if (entry.value.size() < 5 || entry.value[0] != 0 || entry.value.substr(1, 4) != std::string("\0\0\0\1", 4)) return false;
    const auto contracts = loadgen::builtin_topics();
    static const auto reader = audit::DatumReader::compile(std::ranges::find(*contracts, "order.created", &loadgen::TopicContract::name)->schema);
    return reader->read(std::string_view(entry.value).substr(5)).has_value();
  }

  void fill(const std::vector<LogEntry>& entries, int64_t wrong_cents_at = -1) {
    for (size_t from = 0; from < entries.size(); from += 500) {
      std::string sql = "INSERT INTO " + table() + " VALUES ";
      for (size_t i = from; i < std::min(entries.size(), from + 500); ++i) {
        OrderHead head = head_of(std::string_view(entries[i].value).substr(5));
        if (static_cast<int64_t>(i) == wrong_cents_at) ++head.cents;
        char amount[40];
        std::snprintf(amount, sizeof amount, "%ld.%02ld", head.cents / 100, head.cents % 100);
        sql += (i > from ? ", ('" : "('") + head.event_id + "', '" + head.tenant + "', " + amount + ", '" + topic + "', " +
               std::to_string(entries[i].partition) + ", " + std::to_string(entries[i].offset) + ")";
      }
      const auto done = client.execute(sql);
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  void dead_letter(const std::vector<LogEntry>& entries) {
    auto producer = kafka::IdempotentProducer::create({.kafka = broker.properties()});
    ASSERT_TRUE(producer);
    for (const LogEntry& entry : entries) {
      const std::vector<kafka::Header> headers = {
          {"millrace.topic", topic}, {"millrace.partition", std::to_string(entry.partition)}, {"millrace.offset", std::to_string(entry.offset)}};
      kafka::OutgoingRecord record;
      record.topic = dead_letters, record.value = entry.value, record.null_value = entry.null_value, record.null_key = true, record.headers = &headers;
      ASSERT_TRUE(producer->produce(record));
    }
    ASSERT_TRUE(producer->flush(30s));
  }

  // Of a rule; by the pipeline's encoder, which the audit doesn't know.
  void alert(const std::vector<std::pair<LogEntry, std::string>>& entries) {
    auto producer = kafka::IdempotentProducer::create({.kafka = broker.properties()});
    ASSERT_TRUE(producer);
    std::string value;
    for (const auto& [entry, rule] : entries) {
      pipeline::AlertContent content;
      content.topic = topic, content.partition = PartitionId(entry.partition), content.offset = Offset(entry.offset), content.rule = rule;
      ASSERT_TRUE(producer->produce(pipeline::Alert(content).outgoing(alerts, SchemaId(2), 0, value)));
    }
    ASSERT_TRUE(producer->flush(30s));
  }

  audit::AuditSettings settings() const {
    audit::AuditSettings settings;
    settings.kafka = broker.properties();
    settings.clickhouse.url = server.url();
    settings.registry_url = "http://" + registry.address();
    settings.topics = {topic};
    settings.dead_letters = dead_letters;
    settings.alerts = alerts;
    settings.to_end = true;
    return settings;
  }
  audit::Report run() {
    auto report = audit::run(settings());
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : audit::Report{};
  }

  BrokerFixture& broker = BrokerFixture::shared();
  ClickhouseFixture server;
  clickhouse::Client client{{.url = server.url(), .password = {}}};
  http_server::Server registry;
  std::string topic, dead_letters, alerts;
  std::vector<LogEntry> log, goods, bads;
};

TEST_F(Audit, PassesWhenEveryRecordIsExactlyOnceThere) {
  fill(goods);
  dead_letter(bads);
  const audit::Report report = run();
  EXPECT_EQ(report.all.wrong(), 0u) << audit::text(report);
  EXPECT_EQ(report.all.records, log.size());
  EXPECT_EQ(report.all.rows, goods.size());
  EXPECT_EQ(report.all.dead_letters, bads.size());
}

TEST_F(Audit, FindsAMissingADoubledAndADifferingRowAndALostDeadLetter) {
  std::vector<LogEntry> rows(goods.begin() + 1, goods.end());  // goods[0] is missing
  rows.push_back(goods[10]);                                   // doubled
  LogEntry alien = goods[20];
  alien.offset = 1'000'000;  // not in the log: past its end, so not looked at
  rows.push_back(alien);
  fill(rows, 30);  // differing
  dead_letter({bads.begin() + 1, bads.end()});
  const audit::Report report = run();
  EXPECT_EQ(report.all.missing, 2u);
  EXPECT_EQ(report.all.doubled, 1u);
  EXPECT_EQ(report.all.differing, 1u);
  const auto lists = [&](Kind kind, const LogEntry& entry) {
    return std::ranges::any_of(report.findings,
                               [&](const audit::Finding& f) { return f.kind == kind && f.partition == entry.partition && f.offset == entry.offset; });
  };
  EXPECT_TRUE(lists(Kind::kMissing, goods[0])) << audit::text(report);
  EXPECT_TRUE(lists(Kind::kMissing, bads[0])) << audit::text(report);
  EXPECT_TRUE(lists(Kind::kDoubled, goods[10])) << audit::text(report);
  EXPECT_TRUE(lists(Kind::kDiffering, rows[30])) << audit::text(report);
}

TEST_F(Audit, ARowOfAnAbortedRecordIsUnexpected) {
  fill(goods);
  dead_letter(bads);
  // The aborted records lie between the others; find a hole.
  std::vector<int64_t> offsets;
  for (const LogEntry& entry : log)
    if (entry.partition == 0) offsets.push_back(entry.offset);
  int64_t hole = 0;
  while (std::ranges::binary_search(offsets, hole)) ++hole;
  if (hole >= offsets.back()) hole = offsets.back() + 1;  // all holes at the end
  LogEntry planted = goods[0];
  planted.partition = 0, planted.offset = hole;
  fill({planted});
  EXPECT_EQ(run().all.unexpected, 1u);
}

TEST_F(Audit, FindsAlertsThatAreThereTwiceOrOfWhatIsNotDelivered) {
  fill(goods);
  dead_letter(bads);
  alert({{goods[0], "a"}, {goods[0], "b"}, {goods[1], "a"}});
  const audit::Report right = run();
  EXPECT_EQ(right.all.wrong(), 0u) << audit::text(right);
  EXPECT_EQ(right.all.alerts, 3u);
  LogEntry early = goods[2];
  early.offset = 1'000'000;
  alert({{goods[1], "a"}, {bads[0], "a"}, {early, "a"}});
  const audit::Report wrong = run();
  EXPECT_EQ(wrong.all.doubled, 1u) << audit::text(wrong);
  EXPECT_EQ(wrong.all.unexpected, 2u) << audit::text(wrong);
}

TEST_F(Audit, AnAlertThatDoesNotSayWhereItIsFromIsNamed) {
  fill(goods);
  auto producer = kafka::IdempotentProducer::create({.kafka = broker.properties()});
  ASSERT_TRUE(producer);
  kafka::OutgoingRecord record;
  record.topic = alerts, record.value = "\1", record.null_key = true;
  ASSERT_TRUE(producer->produce(record));
  ASSERT_TRUE(producer->flush(30s));
  const auto report = audit::run(settings());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find(alerts + "/"), std::string::npos) << report.error().message;
  EXPECT_NE(report.error().message.find("has no frame"), std::string::npos) << report.error().message;
}

}  // namespace
}  // namespace millrace::test

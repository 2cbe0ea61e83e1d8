// The operator's acts against the real broker and the real engine: what stands still is shown, retried, given up or accepted; what
// goes on is left alone; and whoever might commit meanwhile is fenced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

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
namespace {

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

BrokerFixture& broker() { return BrokerFixture::shared(); }
ClickhouseFixture& engine() {
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

TEST_F(Operate, ShowsWhereEachPartitionStandsAndWhatClickHouseHasOfAPlan) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 3, false);
  commit_healthy(2, 7);
  insert_rows(plan, 0, 5, 15);
  const auto shown = show_plans(settings);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->partitions[0].standing, Standing::kPlanStopped);
  EXPECT_EQ(shown->partitions[1].standing, Standing::kPlanPending);
  EXPECT_EQ(shown->partitions[2].standing, Standing::kGoesOn);
  EXPECT_FALSE(shown->all_go_on());
  ASSERT_EQ(shown->plans.size(), 1u);
  EXPECT_EQ(*shown->plans[0].plan, *plan);
  EXPECT_EQ(shown->plans[0].tables.at(0).rows, 10u);
  const std::string said = text(*shown);
  EXPECT_THAT(said, HasSubstr("adoption 3 of 8"));
  EXPECT_THAT(said, HasSubstr("10 rows of it, from 40 records"));
  EXPECT_THAT(said, HasSubstr("millrace plan retry " + to_string(plan->id.value)));
  EXPECT_THAT(json(*shown), HasSubstr("\"plan_stopped\""));

  settings.topics.clear();  // then those that the group has offsets of
  const auto same = show_offsets(settings);
  ASSERT_TRUE(same) << same.error().message;
  ASSERT_EQ(same->partitions.size(), 3u);
  EXPECT_EQ(same->partitions[2].log->high, Offset(kRecords));
  EXPECT_THAT(text(*same), HasSubstr("healthy"));
}

TEST_F(Operate, RetryLetsTheNextOwnerTryAgainAndChangesNothingElse) {
  const auto plan = make_plan({0, 1, 2});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 2, true);
  commit_plan(2, plan, 1, false);
  const auto retried = retry_plan(settings, plan->id);
  ASSERT_TRUE(retried) << retried.error().message;
  EXPECT_EQ(retried->retried.size(), 2u);
  EXPECT_EQ(retried->pending.size(), 1u);
  for (const int32_t partition : {0, 1}) {
    const auto state = state_of(partition);
    EXPECT_EQ(state.standing, Standing::kPlanPending);
    EXPECT_EQ(state.offset, Offset(5));
    EXPECT_EQ(state.mark->adoptions, 0);
    EXPECT_EQ(*state.plan(), *plan);
  }
  EXPECT_EQ(state_of(2).mark->adoptions, 1);
  const auto again = retry_plan(settings, plan->id);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("doesn't stand still"));
}

TEST_F(Operate, AbandonMovesEveryRecordToTheDeadLettersWithItsBytesAndTheOffsetsPastTheRange) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_plan(1, plan, 0, true);
  const auto abandoned = abandon_plan(settings, plan->id, "the table is gone");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_THAT(text(*abandoned, settings.dead_letters), HasSubstr("of 20 records 20 are now on"));
  const auto there = letters();
  ASSERT_EQ(there.size(), 40u);
  for (int n = 5; n < 25; ++n)
    for (const int32_t partition : {0, 1}) {
      const Letter& letter = there.at(std::to_string(partition) + "/" + std::to_string(n));
      const int number = partition * kRecords + n;
      EXPECT_EQ(letter.null_value, number % 11 == 4);
      EXPECT_EQ(letter.value, letter.null_value ? "" : value_of(number));
      EXPECT_EQ(letter.null_key, number % 5 == 1);
      EXPECT_EQ(letter.key, letter.null_key ? "" : "k" + std::to_string(number));
      EXPECT_EQ(letter.headers.at("trace"), "t" + std::to_string(number));
      EXPECT_EQ(letter.headers.at("millrace.topic"), topic);
      EXPECT_EQ(letter.headers.at("millrace.error_code"), "abandoned");
      EXPECT_EQ(letter.headers.at("millrace.plan"), to_string(plan->id.value));
      EXPECT_THAT(letter.headers.at("millrace.reason"), HasSubstr("the table is gone"));
      if (!letter.value.empty()) {
        EXPECT_EQ(letter.headers.at("millrace.schema_id"), "5");
      }
    }
  for (const int32_t partition : {0, 1}) {
    const auto state = state_of(partition);
    EXPECT_EQ(state.standing, Standing::kGoesOn);
    EXPECT_EQ(state.offset, Offset(25));
  }
  const auto again = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("it was finished, or abandoned before"));
  EXPECT_EQ(letters().size(), 40u);
}

TEST_F(Operate, AbandonLeavesOutWhatClickHouseHas) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 8, false);
  commit_healthy(1, 25);  // its other owner finished it
  insert_rows(plan, 0, 5, 12);
  insert_rows(plan, 0, 11, 12);  // once more
  insert_rows(plan, 1, 5, 25);
  insert_rows(make_plan({2}), 0, 12, 14);  // of another plan: not this one's
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  ASSERT_EQ(abandoned->ranges.size(), 1u);
  EXPECT_EQ(abandoned->ranges[0].in_clickhouse, 7u);
  EXPECT_EQ(abandoned->ranges[0].doubled, 1u);
  EXPECT_EQ(abandoned->ranges[0].dead_lettered, 13u);
  EXPECT_THAT(text(*abandoned, "the.dlq"), HasSubstr("7 were in ClickHouse and stay there (1 OF THEM MORE THAN ONCE)"));
  EXPECT_EQ(abandoned->past, std::vector{at(1)});
  const auto there = letters();
  EXPECT_EQ(there.size(), 13u);
  EXPECT_FALSE(there.contains("0/11"));
  EXPECT_TRUE(there.contains("0/12"));
  EXPECT_EQ(state_of(1).offset, Offset(25));
}

TEST_F(Operate, AbandonIsRefusedWhileAnotherPartitionsOwnerIsAtThePlan) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 0, true);
  commit_plan(1, plan, 1, false);
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(abandoned);
  EXPECT_THAT(abandoned.error().message, HasSubstr("doesn't stand still everywhere"));
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
}

TEST_F(Operate, AbandonIsRefusedWhenClickHouseCannotSayWhatItHas) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  settings.clickhouse->url = "http://127.0.0.1:1";
  EXPECT_FALSE(abandon_plan(settings, plan->id, ""));
  settings.clickhouse.reset();
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("must be known"));
  settings.clickhouse = clickhouse::Endpoint{.url = engine().url(), .password = {}};
  ASSERT_TRUE(client.execute("INSERT INTO " + table() + " SELECT " + clickhouse::uint128_literal(plan->id.value) + ", 'of another topic', 0, 5"));
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("only of 0 can it be said"));
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
}

TEST_F(Operate, AbandonSaysWhatIsLostBeforeItLosesIt) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  auto admin = kafka::Admin::create(broker().properties());
  ASSERT_TRUE(admin->delete_records(at(0), Offset(15)));
  insert_rows(plan, 0, 5, 8);
  const auto refused = abandon_plan(settings, plan->id, "");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("7 of the plan's records are neither in ClickHouse nor in the log"));
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
  const auto abandoned = abandon_plan(settings, plan->id, "", LoseRecords::kYes);
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(abandoned->ranges[0].gone, 7u);
  EXPECT_EQ(abandoned->ranges[0].in_clickhouse, 3u);
  EXPECT_EQ(abandoned->ranges[0].dead_lettered, 10u);
  EXPECT_EQ(letters().size(), 10u);
  EXPECT_EQ(state_of(0).offset, Offset(25));
}

TEST_F(Operate, NothingIsDoneWhenAPartitionChangedAfterItWasLookedAt) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 8, false);
  auto held = StoppedPlan::find(settings, plan->id);
  ASSERT_TRUE(held) << held.error().message;
  commit_plan(0, plan, 0, false);
  EXPECT_THAT(why(held->fence_owners()), HasSubstr("changed while this ran"));
  EXPECT_THAT(why(held->commit({marked(at(0), Offset(25), topic_id())})), HasSubstr("changed while this ran"));
  EXPECT_EQ(state_of(0).offset, Offset(5));
}

TEST_F(Operate, OfTwoOperatorsOnlyOneCommits) {
  OperatorCommit first(settings), second(settings);
  ASSERT_TRUE(first.begin());
  ASSERT_TRUE(second.begin());
  const auto lost = first.commit({marked(at(0), Offset(3), topic_id())});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("another operator's command"));
  EXPECT_TRUE(second.commit({marked(at(0), Offset(4), topic_id())}));
  EXPECT_EQ(state_of(0).offset, Offset(4));
}

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

TEST_F(Operate, APlanThatWaitsForEverIsStoppedAndThenAbandoned) {
  const auto plan = make_plan({0, 1});
  commit_plan(0, plan, 0, false);
  commit_plan(1, plan, 3, true);
  const auto stopped = stop_plan(settings, plan->id);
  ASSERT_TRUE(stopped) << stopped.error().message;
  ASSERT_EQ(stopped->partitions.size(), 1u);
  EXPECT_EQ(state_of(0).standing, Standing::kPlanStopped);
  EXPECT_EQ(*state_of(0).plan(), *plan);
  EXPECT_THAT(why(stop_plan(settings, plan->id)), HasSubstr("pending on no partition"));
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(letters().size(), 40u);
}

TEST_F(Operate, AbandonWaitsForAnInsertOfThePlanThatIsUnderWay) {
  const auto plan = make_plan({0});
  commit_plan(0, plan, 0, true);
  settings.patience = 500ms;
  std::jthread slow([&] {
    clickhouse::Client other({.url = engine().url(), .password = {}});
    (void)other.select("SELECT sleepEachRow(1) FROM numbers(4) /* millrace/" + millrace::to_string(plan->id.value) + "/ stands for its insert */",
                       "TabSeparated", {{"max_block_size", "1"}});
  });
  for (int i = 0; i < 50 && client.inserts_under_way(plan->id).value_or(0) == 0; ++i) std::this_thread::sleep_for(50ms);
  EXPECT_THAT(why(abandon_plan(settings, plan->id, "")), HasSubstr("1 inserts of the plan under way"));
  settings.patience = 20s;
  const auto abandoned = abandon_plan(settings, plan->id, "");
  ASSERT_TRUE(abandoned) << abandoned.error().message;
  EXPECT_EQ(client.inserts_under_way(plan->id).value_or(99), 0u);
}

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

// The topic store against the real broker: several stores on one topic stand for several processes.
#include "topic_store/topic_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "clients/kafka/admin.h"
#include "integration/broker_fixture.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using namespace topic_store;
using Clock = std::chrono::steady_clock;

BrokerFixture& broker() { return BrokerFixture::shared(); }

// Keys and values; a tombstone takes the key away.
struct Entries {
  std::map<std::string, std::string> values;
  size_t records = 0;
  void apply(const StoredRecord& record) {
    ++records;
    if (record.value)
      values[std::string(record.key)] = *record.value;
    else
      values.erase(std::string(record.key));
  }
};
using Store = TopicStore<Entries>;

StoreSettings settings(const std::string& topic) {
  StoreSettings out;
  out.kafka = broker().properties();
  out.topic = topic;
  out.write_timeout = 30s;
  return out;
}
std::unique_ptr<Store> opened(const std::string& topic) {
  auto store = std::make_unique<Store>(settings(topic));
  store->start();
  auto current = store->wait_current(30s);
  EXPECT_TRUE(current && *current) << (current ? "it takes too long" : current.error().message);
  return store;
}
Status put(Store& store, const std::string& key, const std::string& value) {
  return store.write([&](const Entries&) { return std::vector<NewRecord>{{key, value}}; });
}

TEST(TopicStore, MakesItsTopicCompactedWithOnePartition) {
  const auto topic = broker().unique("store");
  auto store = opened(topic);
  auto admin = kafka::Admin::create(broker().properties());
  EXPECT_EQ((*admin->topic_configs(topic))["cleanup.policy"], "compact");
  EXPECT_EQ((*admin->describe({topic}))[0]->partitions.size(), 1u);
}

TEST(TopicStore, WriteIsSeenByItsWriterAtOnceAndByOthersSoon) {
  const auto topic = broker().unique("store");
  auto writer = opened(topic), other = opened(topic);
  ASSERT_TRUE(put(*writer, "warm", "up"));
  for (int i = 0; i < 20; ++i) {
    const std::string value = std::to_string(i);
    auto written = put(*writer, "k", value);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(writer->read([](const Entries& e) { return e.values.at("k"); }), value);
    const auto begin = Clock::now();
    auto seen = [&] { return other->read([&](const Entries& e) { return e.values.contains("k") && e.values.at("k") == value; }); };
    while (!seen() && Clock::now() < begin + 5s) std::this_thread::sleep_for(1ms);
    ASSERT_TRUE(seen());
    EXPECT_LT(Clock::now() - begin, 1s);
  }
}

// Each write takes the number of those before it: a decision on an old state would give a number twice.
TEST(TopicStore, DecisionsOfWritersThatRaceAreMadeOnTheNewestState) {
  constexpr int kWriters = 3, kWrites = 30;
  const auto topic = broker().unique("store");
  std::vector<std::unique_ptr<Store>> stores;
  for (int w = 0; w < kWriters; ++w) stores.push_back(opened(topic));
  std::vector<std::thread> threads;
  std::atomic<int> decisions{0};
  for (int w = 0; w < kWriters; ++w)
    threads.emplace_back([&, w] {
      for (int i = 0; i < kWrites; ++i) {
        const std::string key = std::to_string(w) + "/" + std::to_string(i);
        auto written = stores[static_cast<size_t>(w)]->write([&](const Entries& e) -> std::vector<NewRecord> {
          ++decisions;
          if (e.values.contains(key)) return {};  // an attempt of unknown outcome landed
          return {{key, std::to_string(e.values.size())}};
        });
        EXPECT_TRUE(written) << written.error().message;
      }
    });
  for (auto& thread : threads) thread.join();
  auto late = opened(topic);
  const auto values = late->read([](const Entries& e) { return e.values; });
  std::vector<bool> taken(kWriters * kWrites);
  ASSERT_EQ(values.size(), taken.size());
  for (const auto& [key, value] : values) {
    const auto number = static_cast<size_t>(std::stoi(value));
    ASSERT_LT(number, taken.size());
    EXPECT_FALSE(taken[number]) << value << " was given twice";
    taken[number] = true;
  }
  EXPECT_EQ(late->read([](const Entries& e) { return e.records; }), taken.size());
  RecordProperty("decisions", decisions.load());
  EXPECT_GT(decisions.load(), kWriters * kWrites) << "they never met: this test shows nothing";
}

TEST(TopicStore, RefusalWritesNothingAndTombstoneForgets) {
  const auto topic = broker().unique("store");
  auto store = opened(topic);
  ASSERT_TRUE(put(*store, "k", "v"));
  ASSERT_TRUE(store->write([](const Entries&) { return std::vector<NewRecord>{}; }));
  EXPECT_EQ(store->read([](const Entries& e) { return e.records; }), 1u);
  ASSERT_TRUE(store->write([](const Entries&) { return std::vector<NewRecord>{{"k", std::nullopt}, {"l", ""}}; }));
  EXPECT_EQ(opened(topic)->read([](const Entries& e) { return e.values; }), (std::map<std::string, std::string>{{"l", ""}}));
}

TEST(TopicStore, RecordThatIsTooLargeIsRefusedForGoodAndTheNextWriteGoesThrough) {
  auto store = opened(broker().unique("store"));
  auto written = put(*store, "k", std::string(2'000'000, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().retry, Retry::kPermanent) << written.error().message;
  written = put(*store, "k", "v");
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_EQ(store->read([](const Entries& e) { return e.records; }), 1u);
}

TEST(TopicStore, TopicThatForgetsOrHasNoOneOrderIsRefused) {
  for (const auto& topic : {broker().make_topic("forgets", 1), broker().make_topic("wide", 2, {{"cleanup.policy", "compact"}})}) {
    Store store(settings(topic));
    store.start();
    auto current = store.wait_current(30s);
    ASSERT_FALSE(current) << topic;
    EXPECT_THAT(current.error().message, testing::HasSubstr(topic));
    EXPECT_FALSE(put(store, "k", "v"));
  }
}

}  // namespace
}  // namespace millrace::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tools/loadgen/stream.h"
#include "tools/loadgen/topic_contract.h"

namespace millrace::loadgen {
namespace {

StreamSettings all_types(uint64_t seed) {
  StreamSettings settings;
  settings.seed = seed;
  settings.start_ms = 1'790'000'000'000;
  int32_t id = 1;
  for (const EventType& type : demo_event_types()) settings.topics.push_back({type.topic, &type, SchemaId(id++)});
  return settings;
}

uint64_t hash_of(const Stream& stream, uint64_t events) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  Event event;
  for (uint64_t n = 0; n < events; ++n) {
    stream.make(n, event);
    for (const std::string* part : {&event.key, &event.value})
      for (const char byte : *part) hash = (hash ^ static_cast<uint8_t>(byte)) * 1099511628211u;
  }
  return hash;
}

TEST(Stream, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const Stream one(all_types(7), *Pace::create(1000, {})), same(all_types(7), *Pace::create(1000, {})), other(all_types(8), *Pace::create(1000, {}));
  EXPECT_EQ(hash_of(one, 2000), hash_of(same, 2000));
  EXPECT_NE(hash_of(one, 2000), hash_of(other, 2000));
}

TEST(Stream, AnEventDoesNotDependOnThoseBeforeIt) {
  const Stream stream(all_types(7), *Pace::create(1000, {}));
  Event in_turn, alone;
  for (uint64_t n = 0; n <= 500; ++n) stream.make(n, in_turn);
  stream.make(500, alone);
  EXPECT_EQ(in_turn.value, alone.value);
  EXPECT_EQ(in_turn.key, alone.key);
}

TEST(Stream, SharesOfTypesAndDefectsAreThoseAskedFor) {
  StreamSettings settings = all_types(3);
  settings.defects = *parse_defects("truncated=0.02,unknown_schema=0.01,wrong_magic=0.01,empty=0.01,tombstone=0.01");
  const Stream stream(settings, *Pace::create(1000, {}));
  std::map<size_t, int> topics;
  std::map<Defect, int> defects;
  Event event;
  constexpr int kEvents = 50'000;
  for (int n = 0; n < kEvents; ++n) {
    stream.make(static_cast<uint64_t>(n), event);
    ++topics[event.topic], ++defects[event.defect];
    if (event.defect == Defect::kEmpty || event.defect == Defect::kTombstone)
      EXPECT_TRUE(event.value.empty());
    else if (event.defect == Defect::kWrongMagic)
      EXPECT_NE(event.value[0], 0);
    else
      ASSERT_FALSE(event.value.empty());
  }
  EXPECT_NEAR(topics[0], 0.60 * kEvents, 0.02 * kEvents);
  EXPECT_NEAR(topics[1], 0.08 * kEvents, 0.01 * kEvents);
  EXPECT_NEAR(defects[Defect::kTruncated], 0.02 * kEvents, 0.004 * kEvents);
  EXPECT_NEAR(defects[Defect::kNone], 0.94 * kEvents, 0.01 * kEvents);
}

TEST(Stream, EventIdsAreUnique) {
  const Stream stream(all_types(1), *Pace::create(1000, {}));
  std::set<std::string> ids;
  Event event;
  for (uint64_t n = 0; n < 20'000; ++n) {
    stream.make(n, event);
    ids.insert(event.value.substr(6, 36));
  }
  EXPECT_EQ(ids.size(), 20'000u);
}

TEST(Zipf, DrawsRanksAsOftenAsTheLawSays) {
  const Zipf zipf(100, 1.1);
  double sum = 0;
  for (size_t k = 1; k <= 100; ++k) sum += std::pow(static_cast<double>(k), -1.1);
  std::vector<int> drawn(100);
  Random random(5);
  constexpr int kDraws = 400'000;
  for (int i = 0; i < kDraws; ++i) ++drawn[zipf.draw(random)];
  for (const size_t rank : {1u, 2u, 3u, 10u, 50u, 100u}) {
    const double expected = kDraws * std::pow(static_cast<double>(rank), -1.1) / sum;
    EXPECT_NEAR(drawn[rank - 1], expected, 5 * std::sqrt(expected)) << "rank " << rank;
  }
}

TEST(Pace, SpikeBringsSixTimesTheEventsForItsSeconds) {
  const Pace pace = *Pace::create(100, {*parse_spike("6x@10,5")});
  EXPECT_DOUBLE_EQ(pace.due_ms(500), 5'000);
  EXPECT_DOUBLE_EQ(pace.due_ms(1000), 10'000);
  EXPECT_DOUBLE_EQ(pace.due_ms(1000 + 3000), 15'000);  // 5 s of 600 a second
  EXPECT_DOUBLE_EQ(pace.due_ms(1000 + 3000 + 100), 16'000);
}

TEST(Options, WhatCannotBeMeantIsRefusedWithTheForm) {
  EXPECT_FALSE(parse_spike("6@10,5"));
  EXPECT_FALSE(parse_spike("6x@10,5s"));
  EXPECT_FALSE(Pace::create(1, {{2, 0, 10}, {2, 5, 10}}));
  EXPECT_FALSE(parse_defects("truncated"));
  EXPECT_FALSE(parse_defects("rotten=0.1"));
  EXPECT_FALSE(parse_defects("truncated=0.6,empty=0.5"));
  EXPECT_TRUE(parse_defects("")->share[1] == 0);
}

TEST(Topics, EveryEventTypeHasASchemaSixPartitionsAndSevenDays) {
  const auto topics = builtin_topics();
  ASSERT_TRUE(topics) << topics.error().message;
  std::set<std::string> named;
  for (const TopicContract& topic : *topics) {
    if (topic.role != TopicRole::kEvents) continue;
    named.insert(topic.name);
    EXPECT_EQ(topic.partitions, 6);
    EXPECT_EQ(topic.retention_days, 7);
    EXPECT_THAT(topic.schema, testing::HasSubstr("\"event_id\""));
    EXPECT_NE(event_type_of_topic(topic.name), nullptr);
  }
  EXPECT_THAT(named, testing::ElementsAre("error.captured", "order.created", "payment.processed", "session.end", "user.pageview"));
}

TEST(Topics, DeadLettersMayBeAsLargeAsTheWorkerSendsThem) {
  const auto topics = builtin_topics();
  ASSERT_TRUE(topics) << topics.error().message;
  const auto dead_letters = std::ranges::find(*topics, TopicRole::kDeadLetters, &TopicContract::role);
  ASSERT_NE(dead_letters, topics->end());
  EXPECT_GT(dead_letters->max_message_bytes, 2'000'000);
}

TEST(Topics, CompiledInAndReadFromTheTreeAreTheSame) {
  const auto builtin = builtin_topics(), read = read_topics(MILLRACE_SOURCE_DIR "/contracts");
  ASSERT_TRUE(builtin && read);
  ASSERT_EQ(builtin->size(), read->size());
  for (size_t i = 0; i < read->size(); ++i) EXPECT_EQ((*builtin)[i].schema, (*read)[i].schema);
}

TEST(BinaryWriter, WritesWhatTheSpecificationShows) {
  std::string out;
  BinaryWriter writer(out);
  writer.integer(-64), writer.integer(64), writer.text("foo"), writer.decimal(-1), writer.decimal(128), writer.decimal(-129);
  EXPECT_EQ(out, std::string("\x7f\x80\x01\x06"
                             "foo\x02\xff\x04\x00\x80\x04\xff\x7f",
                             15));
}

}  // namespace
}  // namespace millrace::loadgen

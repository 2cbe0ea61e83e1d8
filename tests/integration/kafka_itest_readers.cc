// Our Kafka clients against the real broker: what a reader sees of the log.
#include <optional>
#include <thread>

#include "integration/kafka_itest.h"

namespace millrace::test {
namespace {

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

// What a reader gives from an offset on: value and timestamp of each record, and that offsets follow each other.
std::vector<std::pair<std::string, int64_t>> read_from(Reader& r, const TopicPartition& p, int64_t begin, size_t records_max) {
  EXPECT_TRUE(r.assign({{p, Offset(begin)}}));
  MessageBatch batch;
  std::vector<std::pair<std::string, int64_t>> read;
  bool ended = false;
  for (auto end = Clock::now() + 20s; Clock::now() < end && !ended;) {
    r.consume(batch, records_max, 50ms);
    for (auto& x : batch.records()) {
      EXPECT_EQ(x.offset.value, begin + static_cast<int64_t>(read.size()));
      read.emplace_back(x.value, x.timestamp_ms);
    }
    EXPECT_TRUE(batch.partition_errors().empty()) << batch.partition_errors()[0].error.message;
    ended = !batch.ends().empty();
  }
  EXPECT_TRUE(ended);
  return read;
}

// Twenty records of one batch, one millisecond apart.
void fill_one_batch(const std::string& topic, const std::string& compression) {
  IdempotentSettings s;
  s.kafka = broker().properties();
  s.compression = compression;
  s.linger = 500ms;
  auto p = IdempotentProducer::create(s);
  ASSERT_TRUE(p);
  for (int i = 0; i < 20; ++i) {
    std::string value = std::to_string(i);
    ASSERT_TRUE(p->produce({.topic = topic, .partition = PartitionId(0), .key = "k", .value = value, .timestamp_ms = 1'000'000'000'000 + i}));
  }
  ASSERT_TRUE(p->flush(10s));
}

TEST(KafkaReader, BatchesOfEveryCompressionAreReadFromAnyOffsetInThem) {
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  ASSERT_TRUE(r);
  for (const char* compression : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    SCOPED_TRACE(compression);
    const TopicPartition p{broker().make_topic("batches"), PartitionId(0)};
    fill_one_batch(p.topic, compression);
    for (const int begin : {0, 1, 13, 19, 20}) {
      const auto read = read_from(*r, p, begin, 7);
      ASSERT_EQ(read.size(), static_cast<size_t>(20 - begin)) << begin;
      for (size_t i = 0; i < read.size(); ++i)
        EXPECT_EQ(read[i], std::pair(std::to_string(begin + static_cast<int>(i)), int64_t{1'000'000'000'000 + begin} + static_cast<int64_t>(i)));
    }
  }
}

TEST(KafkaReader, LogAppendTimeIsTheTimeOfAllRecordsOfABatch) {
  const TopicPartition p{broker().make_topic("appended", 1, {{"message.timestamp.type", "LogAppendTime"}}), PartitionId(0)};
  fill_one_batch(p.topic, "lz4");
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  const auto read = read_from(*r, p, 0, 100);
  ASSERT_EQ(read.size(), 20u);
  for (const auto& [value, timestamp] : read) EXPECT_EQ(timestamp, read[0].second);
  EXPECT_GT(read[0].second, int64_t{1'000'000'000'100});
}

TEST(KafkaReader, WhatCompactionLeftOfABatchIsReadWithItsOwnOffsets) {
  const TopicPartition p{
      broker().make_topic("compacted", 1,
                          {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0.001"}, {"segment.ms", "100"}, {"max.compaction.lag.ms", "100"}}),
      PartitionId(0)};
  IdempotentSettings settings;
  settings.kafka = broker().properties();
  settings.linger = 300ms;
  auto producer = IdempotentProducer::create(settings);
  for (const char* value : {"0", "1", "2", "3", "4"})
    ASSERT_TRUE(producer->produce({.topic = p.topic, .partition = PartitionId(0), .key = value[0] % 2 ? "odd" : value, .value = value}));
  ASSERT_TRUE(producer->flush(10s));
  ReaderSettings s;
  s.kafka = broker().properties();
  auto r = Reader::create(s);
  MessageBatch batch;
  std::vector<std::pair<int64_t, std::string>> read;
  for (auto end = Clock::now() + 60s; Clock::now() < end && (read.empty() || read.size() >= 5);) {
    std::this_thread::sleep_for(500ms);
    // The cleaner leaves the segment alone that is written to: another batch rolls it.
    ASSERT_TRUE(producer->produce({.topic = p.topic, .partition = PartitionId(0), .key = "roll", .value = "roll"}));
    ASSERT_TRUE(producer->flush(10s));
    ASSERT_TRUE(r->assign({{p, Offset(0)}}));
    read.clear();
    for (bool ended = false; !ended && Clock::now() < end; ended = !batch.ends().empty()) {
      r->consume(batch, 100, 50ms);
      for (auto& x : batch.records())
        if (x.value != "roll") read.emplace_back(x.offset.value, x.value);
    }
  }
  EXPECT_THAT(read, testing::ElementsAre(testing::Pair(0, "0"), testing::Pair(2, "2"), testing::Pair(3, "3"), testing::Pair(4, "4")));
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

}  // namespace
}  // namespace millrace::test

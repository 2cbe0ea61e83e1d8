#include "pipeline/sinks/dead_letters/dead_letter.h"

#include <gtest/gtest.h>

#include <map>

namespace millrace::pipeline {
namespace {

const std::string kTopic = "millrace.dlq";

RejectedRecord rejected() {
  RejectedRecord record;
  record.source = {"order.created", PartitionId(4)};
  record.offset = Offset(1234567890123);
  record.timestamp_ms = 1'790'000'000'000;
  record.key = std::string_view("k\0y", 3);
  record.value = std::string_view("\0\0\0\0\7ab", 7);
  record.headers = {{"trace", "t-1"}, {"millrace.topic", "forged"}, {"empty", "", true}};
  record.schema = SchemaId(7);
  record.rejection = {RejectionCode::kTruncated, Stage::kDecode, 6, "note: the bytes end inside a value, at byte 6"};
  record.attempts = 4;
  return record;
}

TEST(DeadLetter, KeepsKeyValueAndHeadersAsTheyWere) {
  const auto record = rejected();
  const DeadLetter letter(record, PlanId({1, 2}), 1'790'000'001'000);
  const auto out = letter.outgoing(kTopic);
  EXPECT_EQ(out.topic, kTopic);
  EXPECT_EQ(out.key, record.key);
  EXPECT_EQ(out.value, record.value);
  ASSERT_GE(out.headers->size(), 3u);
  EXPECT_EQ((*out.headers)[0].value, "t-1");
  EXPECT_TRUE((*out.headers)[2].null_value);
}

TEST(DeadLetter, SaysWhereItIsFromAndWhy) {
  const auto record = rejected();
  const DeadLetter letter(record, PlanId({1, 2}), 1'790'000'001'000);
  std::map<std::string, std::string> last;  // a reader takes the last of a name: ours, whatever came with the record
  for (const auto& header : *letter.outgoing(kTopic).headers) last[header.name] = header.value;
  EXPECT_EQ(last["millrace.topic"], "order.created");
  EXPECT_EQ(last["millrace.partition"], "4");
  EXPECT_EQ(last["millrace.offset"], "1234567890123");
  EXPECT_EQ(last["millrace.timestamp_ms"], "1790000000000");
  EXPECT_EQ(last["millrace.schema_id"], "7");
  EXPECT_EQ(last["millrace.error_code"], "truncated");
  EXPECT_EQ(last["millrace.stage"], "decode");
  EXPECT_EQ(last["millrace.byte"], "6");
  EXPECT_EQ(last["millrace.attempts"], "4");
  EXPECT_EQ(last["millrace.rejected_at_ms"], "1790000001000");
  EXPECT_EQ(last["millrace.plan"], "00000000-0000-0001-0000-000000000002");
}

TEST(DeadLetter, ATombstoneStaysOne) {
  auto record = rejected();
  record.value.clear();
  record.null_value = record.null_key = true;
  const DeadLetter letter(record, PlanId({1, 2}), 1);
  const auto out = letter.outgoing(kTopic);
  EXPECT_TRUE(out.null_value);
  EXPECT_TRUE(out.null_key);
}

}  // namespace
}  // namespace millrace::pipeline

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/audit/compare.h"
#include "tools/audit/datum.h"
#include "tools/loadgen/stream.h"
#include "tools/loadgen/topic_contract.h"

namespace millrace::audit {
namespace {

using testing::HasSubstr;

Identity identity(uint64_t id, uint64_t tenant, uint64_t amount) { return {Uuid{1, id}, tenant, amount, true, true, true}; }

struct Compared : testing::Test {
  std::vector<LogRecord> records;
  std::vector<Row> rows;
  std::vector<DeadLetter> letters;
  std::vector<LeftOut> left_out;
  std::vector<Alert> alerts;
  std::vector<Finding> findings;

  Compared() {  // offsets 0, 2, 4, 6, 8: the holes are markers; 8 is bad and dead-lettered
    for (int64_t offset = 0; offset < 8; offset += 2) {
      records.push_back({offset, 100u + static_cast<uint64_t>(offset), identity(static_cast<uint64_t>(offset), 5, 7), true});
      rows.push_back({offset, records.back().identity});
    }
    records.push_back({8, 108, {}, false});
    letters.push_back({8, 108});
  }
  Totals run(size_t max = 20) { return compare({"t", 0, records, rows, letters, left_out, alerts}, max, findings); }
};

TEST_F(Compared, WhatIsExactlyOnceThereIsClean) {
  const Totals totals = run();
  EXPECT_EQ(totals.wrong(), 0u);
  EXPECT_EQ(totals.records, 5u);
  EXPECT_TRUE(findings.empty());
}

TEST_F(Compared, WhatRulesLeftOutIsNotMissingAndNoMoreThanThat) {
  rows.erase(rows.begin() + 1, rows.begin() + 3);  // offsets 2 and 4
  left_out = {{0, 5, 2}};
  EXPECT_EQ(run().wrong(), 0u);
  EXPECT_EQ(run().left_out, 2u);
  left_out = {{0, 5, 1}};
  EXPECT_EQ(run().missing, 1u);
  left_out = {{0, 3, 1}, {3, 5, 1}};
  EXPECT_EQ(run().wrong(), 0u);
  left_out = {{0, 5, 2}, {6, 9, 1}};  // 6 is a row, 8 a dead letter
  EXPECT_EQ(run().unexpected, 1u);
  EXPECT_THAT(findings.back().what, HasSubstr("left out of offsets 6 to 9"));
  left_out = {{0, 5, 2}, {0, 5, 2}};  // told twice
  EXPECT_EQ(run().unexpected, 2u);
}
TEST_F(Compared, OfARangeThatTheLogHalfForgotFewerMayBeMissing) {
  left_out = {{-10, 5, 3, false}};
  EXPECT_EQ(run().wrong(), 0u);
  rows.erase(rows.begin());
  EXPECT_EQ(run().wrong(), 0u);
}

TEST_F(Compared, AMissingRowIsFound) {
  rows.erase(rows.begin() + 1);
  EXPECT_EQ(run().missing, 1u);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].offset, 2);
  EXPECT_EQ(findings[0].event_id, "00000000-0000-0001-0000-000000000002");
}

TEST_F(Compared, AMissingDeadLetterIsFound) {
  letters.clear();
  EXPECT_EQ(run().missing, 1u);
}

TEST_F(Compared, ADoubledRowIsFound) {
  rows.insert(rows.begin() + 2, rows[2]);
  EXPECT_EQ(run().doubled, 1u);
  EXPECT_EQ(findings[0].offset, 4);
}

TEST_F(Compared, ARowThatIsADeadLetterTooIsDoubled) {
  letters.insert(letters.begin(), {2, 102});
  EXPECT_EQ(run().doubled, 1u);
}

TEST_F(Compared, EachIdentityFieldIsCompared) {
  rows[0].identity.tenant = 6;
  rows[1].identity.amount = 8;
  rows[2].identity.event_id.low = 99;
  rows[3].identity.has_amount = false;
  EXPECT_EQ(run().differing, 4u);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].what, "tenant");
  EXPECT_EQ(findings[1].what, "amount");
  EXPECT_EQ(findings[2].what, "event_id");
  EXPECT_EQ(findings[3].what, "amount");
}

TEST_F(Compared, ADeadLetterWithOtherBytesDiffers) {
  letters[0].bytes = 1;
  EXPECT_EQ(run().differing, 1u);
}

TEST_F(Compared, ARowOfABadRecordDiffers) {
  letters.clear();
  rows.push_back({8, {}});
  EXPECT_EQ(run().differing, 1u);
}

TEST_F(Compared, RowsInHolesAndPastTheEndAreUnexpected) {
  rows.insert(rows.begin() + 1, Row{1, identity(1, 5, 7)});
  rows.push_back({9, identity(9, 5, 7)});
  letters.push_back({11, 1});
  EXPECT_EQ(run().unexpected, 3u);
}

TEST_F(Compared, TheListIsCutAndTheCountIsNot) {
  rows.clear();
  EXPECT_EQ(run(2).missing, 4u);
  EXPECT_EQ(findings.size(), 2u);
}

TEST_F(Compared, AlertsOfDeliveredRecordsAreClean) {
  alerts = {{2, {1, 1}}, {2, {1, 2}}, {6, {1, 3}}};
  EXPECT_EQ(run().wrong(), 0u);
  EXPECT_EQ(run().alerts, 3u);
}
TEST_F(Compared, AnAlertThatIsThereTwiceIsDoubled) {
  alerts = {{2, {1, 1}}, {2, {1, 1}}, {2, {1, 2}}};
  EXPECT_EQ(run().doubled, 1u);
  EXPECT_EQ(findings[0].what, "an alert, twice");
}
TEST_F(Compared, AnAlertOfWhatIsNotDeliveredIsUnexpected) {
  rows.erase(rows.begin() + 1);
  left_out = {{0, 3, 1}};
  alerts = {{1, {1, 0}}, {2, {1, 1}}, {8, {1, 2}}};  // of a hole, a record that was left out, a dead letter
  EXPECT_EQ(run().unexpected, 3u);
}

// The audit's reader against the load generator's writer: neither knows the other, both know the schema.
class Contracts : public testing::TestWithParam<const char*> {};

TEST_P(Contracts, EveryEventIsExactlyOneDatumOfItsSchema) {
  const auto topics = loadgen::builtin_topics();
  ASSERT_TRUE(topics) << topics.error().message;
  const auto topic = std::ranges::find(*topics, GetParam(), &loadgen::TopicContract::name);
  ASSERT_NE(topic, topics->end());
  const auto reader = DatumReader::compile(topic->schema);
  ASSERT_TRUE(reader) << reader.error().message;
  loadgen::StreamSettings settings;
  settings.start_ms = 1'790'000'000'000;
  settings.topics = {{topic->name, loadgen::event_type_of_topic(topic->name), SchemaId(1)}};
  const loadgen::Stream stream(settings, *loadgen::Pace::create(1000, {}));
  const bool has_amount = topic->schema.find("\"amount\"") != std::string::npos;
  loadgen::Event event;
  for (uint64_t n = 0; n < 3000; ++n) {
    stream.make(n, event);
    const auto read = reader->read(std::string_view(event.value).substr(5));
    ASSERT_TRUE(read) << "event " << n;
    EXPECT_TRUE(read->has_event_id && read->has_tenant);
    EXPECT_EQ(read->has_amount, has_amount);
    EXPECT_EQ(read->event_id, identity_of_text(std::string_view(event.value).substr(6, 36)));
    for (size_t cut = 5; n < 300 && cut < event.value.size(); ++cut)
      ASSERT_FALSE(reader->read(std::string_view(event.value).substr(5, cut - 5))) << "event " << n << " cut to " << cut;
    event.value += '\0';
    ASSERT_FALSE(reader->read(std::string_view(event.value).substr(5))) << "a byte more";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Contracts, testing::Values("user.pageview", "order.created", "payment.processed", "session.end", "error.captured", "page.view"),
                         [](const auto& of) {
                           std::string name = of.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

TEST(DatumReader, ReadsDecimalsOfAnyLengthAndSign) {
  const auto reader = DatumReader::compile(
      R"({"type":"record","name":"R","fields":[{"name":"amount","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}]}]})");
  ASSERT_TRUE(reader);
  constexpr __int128 kUnit = 10'000'000'000'000'000;  // 10^16: scale 2 to scale 18
  using namespace std::string_view_literals;
  EXPECT_EQ(reader->read("\x02\x02\xff"sv)->amount, identity_of_amount(-1 * kUnit));
  EXPECT_EQ(reader->read("\x02\x04\x00\x80"sv)->amount, identity_of_amount(128 * kUnit));
  EXPECT_EQ(reader->read("\x02\x06\x00\x00\x80"sv)->amount, identity_of_amount(128 * kUnit));
  EXPECT_FALSE(reader->read("\x00"sv)->has_amount);
}

TEST(DatumReader, ABillionElementsOfNothingAreRefused) {
  const auto reader = DatumReader::compile(R"({"type":"array","items":"null"})");
  using namespace std::string_view_literals;
  EXPECT_TRUE(reader->read("\x06\x00"sv));
  EXPECT_FALSE(reader->read("\x80\xa8\xd6\xb9\x07\x00"sv));
}

}  // namespace
}  // namespace millrace::audit

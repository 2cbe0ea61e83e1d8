#include "pipeline/sinks/alerts/alert.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "avro/schema.h"
#include "pipeline/sinks/alerts/bounded_text.h"

namespace millrace::pipeline {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;

const std::string kTopic = "millrace.alerts";

AlertContent content() {
  AlertContent of;
  of.topic = "order.created", of.partition = PartitionId(4), of.offset = Offset(70);
  of.tenant = "acme", of.rule = "big_order", of.severity = rules::Severity::kCritical;
  of.title = "order of 7", of.key = "42";
  of.fields = {{"amount", "7.00"}};
  of.event_time_ms = 1;
  of.catalog = {1, 2};
  return of;
}
std::string value(const AlertContent& of) {
  std::string value;
  (void)Alert(of).outgoing(kTopic, SchemaId(258), 9, value);
  return value;
}

// By the specification's "Binary Encoding": lengths and numbers are zigzag, an enum is its index, a map's block its count, an empty block its end.
TEST(Alert, IsADatumOfItsSchemaInConfluentsFrame) {
  const std::string expected = "\0\0\0\1\2"s + "\x38order.created/4/70/big_order" + "\x1aorder.created" + "\x08" + "\x8c\x01" + "\x08" + "acme" + "\x12" +
                               "big_order" + "\x04" + "\x14order of 7" + "\x04" + "42" + "\x02\x0c" + "amount" + "\x08" + "7.00" + "\0\0"s + "\x02" + "\0"s +
                               "\x48" + "00000000-0000-0001-0000-000000000002";
  EXPECT_EQ(value(content()), expected);
}

TEST(Alert, ItsKeyIsTheRulesOrTheTenant) {
  std::string bytes;
  AlertContent of = content();
  const Alert keyed(of);
  EXPECT_EQ(keyed.outgoing(kTopic, SchemaId(1), 9, bytes).key, "42");
  EXPECT_EQ(keyed.outgoing(kTopic, SchemaId(1), 9, bytes).timestamp_ms, 9);
  of.key = "";
  const Alert of_tenant(of);
  EXPECT_EQ(of_tenant.outgoing(kTopic, SchemaId(1), 9, bytes).key, "acme");
}

TEST(Alert, CarriesATraceparentAndLeavesOutWhatIsNone) {
  AlertContent of = content();
  of.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_THAT(value(of), HasSubstr("\x02\x6e" + std::string(*of.traceparent)));
  of.traceparent = "\xff";
  EXPECT_EQ(value(of), value(content()));
  of.traceparent = std::string_view();
  EXPECT_EQ(value(of), value(content()));
}

TEST(Alert, IsNeverLargerThanItsTopicTakes) {
  const std::string huge(3 << 20, 'x'), topic(249, 't'), rule(64, 'r');
  AlertContent of = content();
  of.topic = topic, of.rule = rule, of.tenant = of.title = of.key = huge;
  of.offset = Offset(INT64_MAX), of.event_time_ms = INT64_MIN;
  of.fields.clear();
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("field_" + std::to_string(i));
  for (const std::string& name : names) of.fields.emplace_back(name, huge);
  EXPECT_LT(value(of).size() + Alert::kKeyMax + 200, Alert::kBytesMax);
  for (size_t i = 0; i < names.size(); ++i) of.fields[i].second = "";  // many small ones take lengths, too
  EXPECT_LT(value(of).size() + Alert::kKeyMax + 200, Alert::kBytesMax);
}

TEST(Alert, SaysThatItWasCut) {
  AlertContent of = content();
  const std::string title(2000, 't');
  of.title = title;
  const std::string cut = value(of);
  EXPECT_THAT(cut, HasSubstr("ttt…"));
  EXPECT_THAT(cut, Not(HasSubstr(std::string(Alert::kTitleMax, 't'))));
  const size_t tail = 1 + 1 + 1 + 1 + 36;  // truncated, event_time, traceparent, length, catalog
  EXPECT_EQ(cut[cut.size() - tail], 1);
  EXPECT_EQ(value(content())[value(content()).size() - tail], 0);
}

TEST(Alert, ItsSchemaIsOneAndHasTheSeveritiesInTheirOrder) {
  ASSERT_TRUE(avro::Schema::parse(kAlertSchema));
  const auto schema = nlohmann::json::parse(kAlertSchema);
  EXPECT_EQ(schema["fields"].size(), 14u) << "the encoder writes so many";
  const auto& symbols = schema["fields"][6]["type"]["symbols"];
  for (const auto severity : {rules::Severity::kInfo, rules::Severity::kWarning, rules::Severity::kCritical})
    EXPECT_EQ(symbols[static_cast<size_t>(severity)], word(severity));
}

TEST(BoundedText, CutsBetweenCharactersAndMarksIt) {
  bool cut = false;
  EXPECT_EQ(bounded_text("grün", 5, cut), "grün");
  EXPECT_FALSE(cut);
  EXPECT_EQ(bounded_text("grüner", 6, cut), "gr…") << "ü has two bytes, and only one fits";
  EXPECT_TRUE(cut);
  EXPECT_EQ(bounded_text("abcdef", 3, cut), "…");
}

TEST(BoundedText, WhatIsNoUtf8IsReplacedByteByByte) {
  bool cut = false;
  EXPECT_EQ(bounded_text("a\xff\xc3z\xe2\x82", 100, cut), "a\uFFFD\uFFFDz\uFFFD\uFFFD");
  EXPECT_FALSE(cut);
  EXPECT_EQ(bounded_text(std::string(100, '\xff'), 10, cut), "\uFFFD\uFFFD…");
  EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace millrace::pipeline

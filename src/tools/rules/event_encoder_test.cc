#include "tools/rules/event_encoder.h"

#include <gtest/gtest.h>

#include "tools/rules/topic_trial.h"

namespace millrace::rules_tools {
namespace {

avro::SchemaPtr schema(const std::string& fields) { return *avro::Schema::parse(R"({"type":"record","name":"Order","fields":[)" + fields + "]}"); }

const std::string kFields = R"(
  {"name":"id","type":"int"},
  {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
  {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
  {"name":"day","type":["null",{"type":"int","logicalType":"date"}],"default":null},
  {"name":"note","type":["null","string"]},
  {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"]}},
  {"name":"key","type":{"type":"string","logicalType":"uuid"}},
  {"name":"raw","type":{"type":"fixed","name":"Raw","size":2}},
  {"name":"tags","type":{"type":"array","items":"string"},"default":["a"]},
  {"name":"counts","type":{"type":"map","values":"long"}},
  {"name":"ratio","type":"float"},
  {"name":"address","type":{"type":"record","name":"Address","fields":[{"name":"city","type":"string"},{"name":"zip","type":["null","string"],"default":null}]}})";

// The event's fields by name, as a worker would have decoded them; or what is wrong.
std::string row_of(const std::string& fields, const std::string& event, Absent absent = Absent::kZero) {
  const auto reader = schema(fields);
  const auto tree = rules::read_rule_file(event);
  if (!tree) return tree.error().message;
  const auto bytes = encode_event(*reader, *tree, absent);
  if (!bytes) return to_string(bytes.error(), "e");
  auto trial = TopicTrial::make("order", reader, {{"*", std::nullopt}}, {}, "");
  Json row = Json::object();
  for (const FieldValue& field : trial->run(*bytes).event) row[field.name] = field.value;
  return row.dump();
}

TEST(EncodeEvent, TakesPlainJsonAndIsDecodedAsAWorkerDoes) {
  EXPECT_EQ(
      row_of(kFields, R"({"id": -7, "amount": "12.5", "at": "2026-01-31T12:00:00.5+01:00", "day": "2026-02-01", "note": "x\n", "state": "PAID",
    "key": "6b1f0a4e-8f0e-4d0a-9d7e-0c5a4f3b2a19", "raw": "\u0001ÿ", "tags": [], "counts": {"a": 1, "b": 9007199254740993}, "ratio": 0.1, "address": {"city": "Bern"}})"),
      R"({"id":-7,"amount":"12.50","at":"2026-01-31T11:00:00.5Z","day":"2026-02-01","note":"x\n","state":"PAID","key":"6b1f0a4e-8f0e-4d0a-9d7e-0c5a4f3b2a19",)"
      "\"raw\":\"\\u0001ÿ\","
      R"("tags":[],"counts":{"a":1,"b":9007199254740993},"ratio":0.1,"address.city":"Bern","address.zip":null})");
}

TEST(EncodeEvent, TimesAndDecimalsMayBeNumbers) {
  EXPECT_EQ(
      row_of(
          R"({"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"a","type":{"type":"fixed","name":"F","size":20,"logicalType":"decimal","precision":38,"scale":3}})",
          "{at: 1500000, a: -12.345}"),
      R"({"at":"1970-01-01T00:00:01.5Z","a":"-12.345"})");
}

TEST(EncodeEvent, WhatIsLeftOutHasItsDefaultOrIsNullOrNothing) {
  EXPECT_EQ(row_of(kFields, "{}"),
            R"({"id":0,"amount":"0.00","at":"1970-01-01T00:00:00Z","day":null,"note":null,"state":"NEW","key":"00000000-0000-0000-0000-000000000000",)"
            "\"raw\":\"\\u0000\\u0000\","
            R"("tags":["a"],"counts":{},"ratio":0.0,"address.city":"","address.zip":null})");
  EXPECT_EQ(row_of(R"({"name":"id","type":"int"},{"name":"note","type":["null","string"]})", "{}", Absent::kError), "e:1:1: id is missing, and has no default");
}

TEST(EncodeEvent, TellsEverythingThatIsWrongWithItsPlace) {
  EXPECT_EQ(row_of(kFields,
                   "id: 3000000000\namount: 1.234\nat: yesterday\nday: 2026-02-30\nnote: 5\nstate: PIAD\nkey: x\nraw: abc\ntags: a\ncounts: {a: b}\nratio: "
                   "'1'\naddress: {ctiy: Bern}\n"),
            "e:1:5: id is a whole number of 32 bits; this is 3000000000\n"
            "e:2:9: amount is a decimal of 9 digits, 2 of them behind the point; this is 1.234\n"
            "e:3:5: at is a time, \"2026-01-31T23:59:59.999Z\", or milliseconds since 1970; this is yesterday\n"
            "e:4:6: day is a date, \"2026-01-31\", or days since 1970; this is 2026-02-30\n"
            "e:5:7: note is a text: write it in quotes; this is 5\n"
            "e:6:8: state is one of NEW, PAID; this is PIAD\n"
            "e:7:6: key is a UUID, \"6b1f0a4e-8f0e-4d0a-9d7e-0c5a4f3b2a19\"; this is x\n"
            "e:8:6: raw has 2 bytes, each a character; this is abc\n"
            "e:9:7: tags is a list; this is a\n"
            "e:10:13: counts[\"a\"] is a whole number of 64 bits; this is b\n"
            "e:11:8: ratio is a number; this is \"1\"\n"
            "e:12:11: address has no field 'ctiy'; did you mean 'city'?");
}

TEST(EncodeEvent, AUnionOfSeveralTypesTakesTheFirstThatFits) {
  const std::string fields = R"({"name":"v","type":["null","long","string",{"type":"array","items":"string"}]})";
  EXPECT_EQ(row_of(fields, "{v: 5}"), R"({"v":"5"})");
  EXPECT_EQ(row_of(fields, "{v: '5'}"), R"({"v":"\"5\""})");
  EXPECT_EQ(row_of(fields, "{v: [a]}"), R"({"v":"[\"a\"]"})");
  EXPECT_EQ(row_of(fields, "{v: {}}"), "e:1:5: v is one of null, long, string, array; this is a map");
}

}  // namespace
}  // namespace millrace::rules_tools

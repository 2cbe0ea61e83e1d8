#include "tools/rules/dry_run.h"

#include <gtest/gtest.h>

namespace millrace::rules_tools {
namespace {

const char* const kSchema = R"({"type":"record","name":"Order","fields":[{"name":"tenant","type":"string"},{"name":"id","type":"long"},
  {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}},{"name":"note","type":["null","string"],"default":null}]})";

const std::string kSet = R"(tenant: acme
topics:
  order:
    validate: [{name: positive, that: amount > 0}]
    drop: [{name: tests, when: note == "test"}]
    set: {gross: amount * 1.5}
    remove: [note]
    meter: [{name: orders, value: 1, unit: ORDER, window: day}]
)";

DryRun dry_run(const std::string& set = kSet) {
  const auto surroundings = *surroundings_of({{"order", kSchema, "order.avsc"}}, {});
  std::vector<RightSet> sets;
  sets.push_back(*right_set(set, surroundings.rules));
  return *DryRun::make("order", sets, surroundings, "tenant");
}

std::string told(const Applied& applied) {
  std::string text = std::string(kFateNames[static_cast<size_t>(applied.fate)]) + " " + applied.tenant + (applied.why.empty() ? "" : " " + applied.why);
  for (const FieldChange& change : changes_of(applied.tried)) text += "\n" + change.text();
  return text;
}

TEST(DryRun, TellsWhatWouldChange) {
  DryRun run = dry_run();
  EXPECT_EQ(told(run.apply_json(R"({"tenant": "acme", "id": 9007199254740993, "amount": 123456789012345.67, "note": "\ud83d\ude00"})", 1, false)),
            "delivered acme\n- note: \"😀\"\n+ gross: 185185183518518.505")
      << "numbers keep their digits";
  EXPECT_EQ(told(run.apply_json(R"({"id": 1, "amount": "-1"})", 2, false)), "rejected acme rule 'positive' doesn't hold; amount > 0 (amount = -1.00)");
  EXPECT_EQ(told(run.apply_json(R"({"id": 1, "amount": 1, "note": "test"})", 3, false)), "dropped acme tests");
  EXPECT_EQ(told(run.apply_json(R"({"tenant": "globex", "id": 1, "amount": 1})", 4, false)).substr(0, 19), "other_tenant globex");
}

TEST(DryRun, WhatIsNoEventIsTold) {
  DryRun run = dry_run();
  EXPECT_EQ(told(run.apply_json("{}", 1, false)), "unreadable  id is missing, and has no default; amount is missing, and has no default");
  EXPECT_EQ(told(run.apply_json("{}", 1, true)), "rejected acme rule 'positive' doesn't hold; amount > 0 (amount = 0.00)");
  EXPECT_EQ(told(run.apply_json("[1]", 1, true)), "unreadable  the event is a map of its fields; this is a list");
  EXPECT_EQ(told(run.apply_json("{\"id\": 01}", 1, true)).substr(0, 18), "unreadable  no JSO");
  EXPECT_EQ(told(run.apply_json(std::string(100, '['), 1, true)), "unreadable  values lie more than 64 levels deep");
}

TEST(DryRun, CountsByTenant) {
  DryRun run = dry_run();
  for (const char* const event : {R"({"id": 1, "amount": 1})", R"({"id": 1, "amount": 2})", R"({"id": 1, "amount": 0})", "x"}) run.apply_json(event, 1, false);
  const DryRun::Counts& acme = run.by_tenant().at("acme");
  EXPECT_EQ(acme.events[static_cast<size_t>(Fate::kDelivered)], 2u);
  EXPECT_EQ(acme.changed, 2u);
  EXPECT_EQ(acme.reasons.at("rejected by positive"), 1u);
  EXPECT_EQ(acme.meters.at("orders").first, 2u);
  EXPECT_EQ(run.by_tenant().at("").events[static_cast<size_t>(Fate::kUnreadable)], 1u);
}

TEST(DryRun, BytesOfAnotherWriterAreReadWithTheTopicsSchema) {
  DryRun run = dry_run();
  const auto writer = *avro::Schema::parse(R"({"type":"record","name":"Order","fields":[{"name":"id","type":"int"},{"name":"tenant","type":"string"},
    {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}}]})");
  const auto program = avro::DecodeProgram::compile(*writer, run.reader());
  ASSERT_TRUE(program);
  EXPECT_EQ(told(run.apply(*program,
                           std::string("frame\x0e\x08"
                                       "acme\x02\x64",
                                       13),
                           5)),
            "delivered acme\n+ gross: 1.500");
  EXPECT_EQ(run.apply(*program, "frame\x0e", 5).fate, Fate::kUnreadable);
}

}  // namespace
}  // namespace millrace::rules_tools

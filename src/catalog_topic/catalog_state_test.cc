#include "catalog_topic/catalog_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "catalog_topic/pruning.h"
#include "catalog_topic/topic_testing.h"

namespace millrace::catalog_topic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TableDefinition kPlans{"id", {{"id", rules::simple(rules::TypeKind::kString)}, {"price", rules::decimal(10, 2)}}};
const std::string kPlanRows = "id,price\nbasic,10.00\nfree,\n";

std::string all_of(const CatalogState& state) {
  std::string out;
  for (uint64_t number = 0; number <= state.latest() + 1; ++number) {
    const auto contents = state.at(number);
    out += std::to_string(number) + ": ";
    if (!contents) {
      out += contents.error() + "\n";
      continue;
    }
    out += to_string((*contents)->hash);
    for (const auto& [tenant, rules] : (*contents)->tenants) out += " " + tenant + "=" + rules->text + "@" + std::to_string(rules->version);
    for (const auto& [name, table] : (*contents)->tables) out += " " + name + "=" + *table->text;
    out += "\n";
  }
  for (const auto& problem : state.problems()) out += problem + "\n";
  return out;
}

// The vector is that of the XXH3 reference implementation for the empty input.
TEST(ContentHash, IsXxh128) {
  EXPECT_EQ(to_string(content_hash("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_string(CatalogHash()), "00000000000000000000000000000000");
  EXPECT_EQ(parse_hash("99aa06d3014798d86001c324468d497f"), content_hash("").value);
  for (const char* wrong : {"", "99aa", "99AA06D3014798D86001C324468D497F", "99aa06d3014798d86001c324468d497g"}) EXPECT_FALSE(parse_hash(wrong)) << wrong;
}

TEST(CatalogHash, DependsOnContentsAloneAndReturnsWithThem) {
  const CatalogHash one = with(with({}, EntryKind::kRules, "a", content_hash("x")), EntryKind::kTable, "b", content_hash("y"));
  EXPECT_EQ(one, with(with({}, EntryKind::kTable, "b", content_hash("y")), EntryKind::kRules, "a", content_hash("x")));
  EXPECT_NE(one, with(with({}, EntryKind::kRules, "b", content_hash("y")), EntryKind::kRules, "a", content_hash("x")));
  EXPECT_NE(one, with(with({}, EntryKind::kTable, "b", content_hash("x")), EntryKind::kRules, "a", content_hash("y")));
  EXPECT_EQ(without(without(one, EntryKind::kRules, "a", content_hash("x")), EntryKind::kTable, "b", content_hash("y")), CatalogHash());
}

TEST(CatalogState, EmptyTopicIsVersionZeroWithoutAnything) {
  CatalogState state;
  EXPECT_EQ(state.latest(), 0u);
  EXPECT_EQ((*state.current())->hash, CatalogHash());
  EXPECT_EQ(state.find(CatalogHash()), 0u);
  EXPECT_FALSE(state.at(1));
  EXPECT_THAT(state.problems(), IsEmpty());
}

TEST(CatalogState, EveryVersionIsThereAsItWas) {
  TopicForTests topic;
  topic.rules("acme", "one");
  topic.table("plans", kPlans, kPlanRows);
  topic.rules("acme", "two");
  topic.remove(EntryKind::kRules, "acme");
  topic.rules("*", "rest");
  const auto& state = topic.state;
  EXPECT_EQ(state.latest(), 5u);
  EXPECT_EQ((*state.at(1))->tenants.at("acme")->text, "one");
  EXPECT_TRUE((*state.at(1))->tables.empty());
  EXPECT_EQ((*state.at(3))->tenants.at("acme")->text, "two");
  EXPECT_EQ((*state.at(3))->tenants.at("acme")->version, 3u);
  EXPECT_FALSE((*state.at(4))->tenants.contains("acme"));
  EXPECT_EQ(*(*state.current())->tables.at("plans")->text, kPlanRows);
  EXPECT_EQ((*state.current())->tables.at("plans")->definition, kPlans);
  EXPECT_THAT(state.history(EntryKind::kRules, "acme"), ElementsAre(state.change(4), state.change(3), state.change(1)));
  EXPECT_THAT(state.changes(4, 2), ElementsAre(state.change(3), state.change(2)));
  EXPECT_THAT(state.problems(), IsEmpty());
}

TEST(CatalogState, FormerContentsHaveTheirFormerHashAndAreFoundByIt) {
  TopicForTests topic;
  topic.rules("acme", "one");
  topic.rules("globex", "g");
  const CatalogHash hash = (*topic.state.current())->hash;
  topic.rules("acme", "two");
  EXPECT_NE((*topic.state.current())->hash, hash);
  EXPECT_EQ(topic.state.find(hash), 2u);
  topic.rules("acme", "one");
  EXPECT_EQ((*topic.state.current())->hash, hash);
  EXPECT_EQ(topic.state.find(hash), 4u);
  EXPECT_EQ(topic.state.find(CatalogHash(Uuid{1, 2})), std::nullopt);
}

TEST(CatalogState, SnapshotsShareWhatDidntChange) {
  TopicForTests topic;
  topic.rules("acme", "one");
  topic.table("plans", kPlans, kPlanRows);
  const auto before = *topic.state.current();
  topic.rules("globex", "g");
  const auto after = *topic.state.current();
  EXPECT_EQ(before->tenants.at("acme"), after->tenants.at("acme"));
  EXPECT_EQ(before->tables.at("plans"), after->tables.at("plans"));
  EXPECT_EQ(topic.state.at(2), before) << "held by somebody, so it isn't built again";
  EXPECT_FALSE(before->tenants.contains("globex"));
}

TEST(CatalogState, IsTheSameInWhateverOrderTheRecordsCome) {
  TopicForTests topic;
  topic.rules("acme", "one");
  topic.table("plans", kPlans, kPlanRows);
  topic.rules("acme", "two");
  topic.remove(EntryKind::kTable, "plans");
  topic.table("plans", kPlans, "id,price\nbasic,12.00\n");
  topic.remove(EntryKind::kRules, "acme");
  topic.write({"nobody/knows", "x"});
  const std::string expected = all_of(topic.state);
  std::vector<size_t> order(topic.records.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    CatalogState state;
    for (const size_t i : order) {
      topic.apply(state, i);
      if (round % 2) (void)state.current();  // what is cached on the way must not stay
    }
    ASSERT_EQ(all_of(state), expected) << round;
  }
}

TEST(CatalogState, TableIsRefusedUntilItsLastChunkIsThere) {
  std::string rows = "id,price\n";
  for (int i = 0; i < 60'000; ++i) rows += "plan-number-" + std::to_string(100'000 + i) + ",1.00\n";
  TopicForTests topic;
  topic.table("plans", kPlans, rows, false);
  const auto content = topic.state.change(1)->content();
  ASSERT_EQ(chunks_of(rows.size()), 3u);
  EXPECT_THAT(topic.state.current().error(), HasSubstr("of table plans 3 of 3 chunks are missing"));
  for (const uint32_t i : {2u, 0u}) topic.write(write_chunk(content, rows, i));
  EXPECT_THAT(topic.state.current().error(), HasSubstr("1 of 3 chunks are missing"));
  EXPECT_TRUE(topic.state.has_chunk(content, 2));
  EXPECT_FALSE(topic.state.has_chunk(content, 1));
  topic.write(write_chunk(content, rows, 1));
  ASSERT_TRUE(topic.state.current()) << topic.state.current().error();
  EXPECT_EQ(*(*topic.state.current())->tables.at("plans")->text, rows);
  topic.write(write_chunk(content, rows, 1));  // once more changes nothing
  EXPECT_TRUE(topic.state.current());
  topic.write({chunk_key({content, 1}), "something else"});
  EXPECT_THAT(topic.state.current().error(), HasSubstr("the chunks of table plans aren't those of its content hash"));
  topic.write(write_chunk(content, rows, 1));
  EXPECT_TRUE(topic.state.current());
  topic.write({chunk_key({content, 1}), std::nullopt});
  EXPECT_FALSE(topic.state.current());
}

TEST(CatalogState, WhatCantBeReadIsRefusedFromItsVersionOnAndNotBefore) {
  const std::vector<std::pair<std::optional<std::string>, std::string>> surprises = {
      {"", "no JSON object"},
      {"[1]", "no JSON object"},
      {R"({"format": 2})", "run a newer one"},
      {R"({"format": 1})", "it has no 'number'"},
      {R"({"format": 1, "number": 3})", "it says to be version 3"},
      {R"({"format": 1, "number": 2, "kind": "rules", "tenant": 5})", "'tenant' is no text"},
  };
  for (const auto& [value, why] : surprises) {
    TopicForTests topic;
    topic.rules("acme", "one");
    topic.write({"change/2", value});
    EXPECT_EQ(topic.state.latest(), 2u) << "its number isn't given again";
    EXPECT_THAT(topic.state.current().error(), HasSubstr(why));
    EXPECT_THAT(topic.state.problems(), ElementsAre(HasSubstr("change/2: ")));
    EXPECT_EQ((*topic.state.at(1))->tenants.at("acme")->text, "one");
    topic.write({"change/2", std::nullopt});  // what an operator does about it
    EXPECT_EQ(topic.state.latest(), 1u);
    EXPECT_TRUE(topic.state.current());
  }
}

TEST(CatalogState, RecordsThatAreMissingAreNoticedByTheHash) {
  TopicForTests topic;
  topic.rules("acme", "one");
  topic.rules("globex", "g");
  topic.write({"change/1", std::nullopt});
  EXPECT_THAT(topic.state.current().error(), HasSubstr("records are missing"));
  EXPECT_THAT(topic.state.at(1).error(), HasSubstr("the record of version 1 of the catalog is missing"));
}

TEST(CatalogState, KeysThatNobodyKnowsAreReportedAndDoNoHarm) {
  TopicForTests topic;
  topic.rules("acme", "one");
  for (const char* key : {"", "change/", "change/01", "change/-1", "change/99999999999999999999", "change/5x", "table/", "table/xyz/1", "floors"})
    topic.write({key, "x"});
  for (int i = 0; i < 1000; ++i) topic.write({"k" + std::to_string(i), "x"});
  EXPECT_EQ(topic.state.latest(), 1u);
  EXPECT_TRUE(topic.state.current());
  EXPECT_LE(topic.state.problems().size(), 22u);
  EXPECT_GE(topic.state.problems().size(), 10u);
}

TEST(CatalogState, TextThatIsntThatOfItsHashIsRefused) {
  TopicForTests topic;
  topic.rules("acme", "one");
  auto record = topic.records[0].first;
  record.value->replace(record.value->find("\"one\""), 5, "\"two\"");
  topic.write(record);
  EXPECT_THAT(topic.state.current().error(), HasSubstr("its text isn't that of its content hash"));
}

TEST(CatalogState, WhatARecordClaimsOfItsSizeCostsNothing) {
  TopicForTests topic;
  const std::string hash(32, 'a');
  for (int i = 0; i < 3; ++i) topic.write({"table/" + hash + "/" + std::to_string(i), "x"});
  topic.write({"change/1", R"({"format":1,"number":1,"kind":"table","table":"t","author":"","comment":"","request":"","time_ms":0,"hash":")" + hash +
                               R"(","content":")" + hash +
                               R"(","chunks":3,"bytes":18446744073709551615,"rows":1,"key":"a","columns":[{"name":"a","type":"int"}]})"});
  EXPECT_THAT(topic.state.current().error(), HasSubstr("aren't those of its content hash"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "Array(";
  topic.write({"change/2", R"({"format":1,"number":2,"kind":"rules","tenant":"t","author":"","comment":"","request":"","time_ms":0,"hash":")" + hash +
                               R"(","content":")" + to_string(content_hash("")) + R"(","text":"","uses":{},"derived":{"o":{"c":")" + deep + R"("}}})"});
  EXPECT_THAT(topic.state.at(2).error(), HasSubstr("the type of the derived column c"));
}

TEST(Change, IsReadAsItWasWritten) {
  Change change;
  change.number = 7;
  change.name = "acme";
  change.author = "ada \"l\"";
  change.comment = "a\nb";
  change.request = "abc";
  change.time_ms = 1234567890123;
  change.hash = CatalogHash(Uuid{5, 6});
  auto source = std::make_shared<RuleSetSource>();
  source->text = "tenant: acme\n# ü \"quoted\"\n";
  source->content_hash = content_hash(source->text);
  source->derived = {
      {"order.created", {{"gross", columns::nullable(columns::decimal(12, 4))}, {"b", columns::array(columns::simple(columns::Kind::kString))}}}};
  source->uses = {{"plans", "string", {{"name", "string"}, {"price", "decimal(10,2)"}}}};
  change.rules = source;
  const auto record = write_change(change);
  EXPECT_EQ(record.key, "change/7");
  const auto read = read_change(7, *record.value);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->name, change.name);
  EXPECT_EQ(read->author, change.author);
  EXPECT_EQ(read->comment, change.comment);
  EXPECT_EQ(read->request, change.request);
  EXPECT_EQ(read->time_ms, change.time_ms);
  EXPECT_EQ(read->hash, change.hash);
  EXPECT_EQ(read->rules->text, source->text);
  EXPECT_EQ(read->rules->content_hash, source->content_hash);
  EXPECT_EQ(read->rules->version, 7u);
  EXPECT_EQ(read->rules->derived, source->derived);
  EXPECT_EQ(read->rules->uses, source->uses);
}

TEST(Pruning, KeepsWhatIsYoungWhatWasNewestThenAndWhatIsInUse) {
  TopicForTests topic;
  topic.rules("acme", "1");                 // 1
  topic.rules("globex", "g");               // 2
  topic.rules("acme", "3");                 // 3
  topic.rules("gone", "x");                 // 4
  topic.remove(EntryKind::kRules, "gone");  // 5
  topic.rules("acme", "6");                 // 6
  topic.rules("acme", "7");                 // 7
  const Retention retention{std::chrono::seconds(2), std::chrono::seconds(2)};
  const int64_t now = 8'500;  // version N is of second N: 6 was the newest when the retention began
  std::vector<std::string> before;
  for (const uint64_t number : {6u, 7u}) before.push_back(to_string((*topic.state.at(number))->hash));
  for (auto& record : pruning(topic.state, now, retention)) topic.write(record);
  EXPECT_EQ(topic.state.floor(), 6u);
  for (const auto* state : {&topic.state}) {
    EXPECT_THAT(state->at(5).error(), HasSubstr("no longer kept: the oldest is 6"));
    for (const uint64_t number : {6u, 7u}) EXPECT_EQ(to_string((*state->at(number))->hash), before[number - 6]);
  }
  EXPECT_THAT(topic.state.changes(100, 100), ElementsAre(topic.state.change(7), topic.state.change(6), topic.state.change(2)));
  EXPECT_EQ(all_of(topic.compacted().state), all_of(topic.state));
  EXPECT_THAT(pruning(topic.state, now, retention), IsEmpty());
}

TEST(Pruning, InSmallStepsIsCorrectAfterEach) {
  TopicForTests topic;
  for (int round = 0; round < 10; ++round) {
    for (const char* tenant : {"a", "b", "c"}) topic.rules(tenant, tenant + std::to_string(round));
    topic.remove(EntryKind::kRules, "b");
  }
  const std::string newest = to_string((*topic.state.current())->hash);
  const Retention retention{std::chrono::seconds(1), std::chrono::seconds(1)};
  int steps = 0;
  for (auto records = pruning(topic.state, 1'000'000, retention, 3); !records.empty(); records = pruning(topic.state, 1'000'000, retention, 3), ++steps) {
    for (auto& record : records) topic.write(record);
    ASSERT_TRUE(topic.state.current()) << topic.state.current().error();
    EXPECT_EQ(to_string((*topic.state.current())->hash), newest);
    ASSERT_EQ(all_of(topic.compacted().state), all_of(topic.state));
  }
  EXPECT_GT(steps, 5);
  EXPECT_EQ(topic.state.changes(1000, 1000).size(), 3u) << "a, c, and the newest, a removal";
}

TEST(Pruning, ChunksOfAnUploadThatWasNeverFinishedGoWhenTheyAreOld) {
  TopicForTests topic;
  topic.table("plans", kPlans, kPlanRows);
  const ContentHash nobodys = content_hash("nobody's");
  topic.write(write_chunk(nobodys, "abc", 0), 5'000);
  const Retention retention{std::chrono::seconds(1), std::chrono::seconds(2)};
  EXPECT_THAT(pruning(topic.state, 6'500, retention), IsEmpty());
  EXPECT_THAT(pruning(topic.state, 7'500, retention), ElementsAre(topic_store::NewRecord{chunk_key({nobodys, 0}), std::nullopt}));
}

TEST(Pruning, RemovedTableGoesWithItsChunks) {
  TopicForTests topic;
  topic.table("plans", kPlans, kPlanRows);
  topic.remove(EntryKind::kTable, "plans");
  topic.rules("acme", "x");
  const Retention retention{std::chrono::seconds(1), std::chrono::seconds(1)};
  for (int i = 0; i < 3; ++i)
    for (auto& record : pruning(topic.state, 1'000'000, retention)) topic.write(record);
  EXPECT_EQ(topic.compacted().records.size(), 2u) << "the newest change and the floor";
  EXPECT_EQ(all_of(topic.compacted().state), all_of(topic.state));
}

}  // namespace
}  // namespace millrace::catalog_topic

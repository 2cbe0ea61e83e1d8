#include "services/catalog/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog_topic/topic_testing.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using testing::HasSubstr;

const TableDefinition kPlans{
    "id", {{"id", rules::simple(rules::TypeKind::kString)}, {"price", rules::decimal(10, 2)}, {"name", rules::simple(rules::TypeKind::kString)}}};

Upload rules_upload(const std::string& tenant, const std::string& text, std::vector<DerivedColumns> derived = {}, std::vector<TableUse> uses = {}) {
  static int request = 0;
  auto source = std::make_shared<RuleSetSource>();
  source->text = text;
  source->content_hash = content_hash(text);
  source->derived = std::move(derived);
  source->uses = std::move(uses);
  Upload upload;
  upload.name = tenant;
  upload.rules = std::move(source);
  upload.request = "r" + std::to_string(++request);
  return upload;
}
Upload table_upload(const TableDefinition& definition, const std::string& rows) {
  auto source = std::make_shared<TableSource>();
  source->definition = definition;
  source->text = std::make_shared<const std::string>(rows);
  source->content_hash = table_hash(definition, rows);
  source->bytes = rows.size();
  source->chunks = chunks_of(rows.size());
  Upload upload;
  upload.kind = EntryKind::kTable;
  upload.name = "plans";
  upload.table = std::move(source);
  return upload;
}
Upload removal(EntryKind kind, const std::string& name) {
  Upload upload;
  upload.kind = kind, upload.name = name;
  return upload;
}
Decided<Outcome> put(TopicForTests& topic, const Upload& upload) {
  Decision decision = decide(topic.state, upload);
  for (auto& record : decision.records) topic.write(std::move(record));
  return decision.outcome;
}
std::vector<DerivedColumns> gross(columns::Kind kind) { return {{"order.created", {{"gross", columns::nullable(columns::simple(kind))}}}}; }

TEST(Upload, MakesVersionsOneByOneAndNoneForWhatIsThereAlready) {
  TopicForTests topic;
  const auto first = put(topic, rules_upload("acme", "one"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 1u);
  EXPECT_TRUE(first->changed);
  EXPECT_EQ(first->hash, (*topic.state.current())->hash);
  ASSERT_TRUE(put(topic, rules_upload("globex", "g")));
  const auto again = put(topic, rules_upload("acme", "one"));
  EXPECT_EQ(again->version, 1u);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(topic.state.latest(), 2u);
  EXPECT_EQ(put(topic, removal(EntryKind::kRules, "acme"))->version, 3u);
  EXPECT_EQ(put(topic, removal(EntryKind::kRules, "acme")).error().status, 404);
  EXPECT_EQ((*topic.state.current())->tenants.size(), 1u);
}

// Nobody knows whether the first attempt landed; it did, and another writer came after it.
TEST(Upload, AttemptThatLandedIsFoundByItsRequest) {
  TopicForTests topic;
  Upload mine = rules_upload("acme", "mine");
  mine.precondition.none_match = "*";
  ASSERT_TRUE(put(topic, mine));
  ASSERT_TRUE(put(topic, rules_upload("acme", "theirs")));
  const auto again = put(topic, mine);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->version, 1u);
  EXPECT_TRUE(again->changed);
  EXPECT_EQ(topic.state.latest(), 2u);
}

TEST(Upload, PreconditionsHoldOrSayWhatIsThere) {
  TopicForTests topic;
  const std::string one = etag(content_hash("one"));
  const auto with = [&](const std::string& text, std::optional<std::string> match, std::optional<std::string> none_match) {
    Upload upload = rules_upload("acme", text);
    upload.author = "bob";
    upload.precondition = {match, none_match};
    return put(topic, upload);
  };
  EXPECT_EQ(with("one", one, {}).error().message, "the rules of tenant acme: If-Match " + one + " doesn't hold: there is nothing now");
  EXPECT_EQ(with("one", "*", {}).error().status, 412);
  EXPECT_TRUE(with("one", {}, "*"));
  EXPECT_EQ(with("two", {}, "*").error().message,
            "the rules of tenant acme: If-None-Match * doesn't hold: what is there now is " + one + ", of version 1 by bob");
  EXPECT_EQ(with("two", "\"beef\"", {}).error().status, 412);
  EXPECT_EQ(with("two", "W/" + one, {}).error().status, 412);
  EXPECT_TRUE(with("two", "\"beef\", " + one, {}));
  EXPECT_TRUE(with("three", to_string(content_hash("two")), {})) << "without quotes";
  EXPECT_TRUE(with("four", "*", {}));
  EXPECT_EQ(with("four", one, {}).error().status, 412) << "what is there already is no excuse";
  ASSERT_TRUE(put(topic, removal(EntryKind::kRules, "acme")));
  EXPECT_THAT(with("five", "*", {}).error().message, HasSubstr("they were removed by version 5"));
}

TEST(Upload, TwoTenantsColumnsOfOneNameHaveOneType) {
  TopicForTests topic;
  ASSERT_TRUE(put(topic, rules_upload("acme", "a", gross(columns::Kind::kFloat64))));
  EXPECT_TRUE(put(topic, rules_upload("globex", "g", gross(columns::Kind::kFloat64))));
  const auto refused = put(topic, rules_upload("initech", "i", gross(columns::Kind::kInt64)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 422);
  EXPECT_EQ(refused.error().errors.size(), 2u);
  EXPECT_EQ(refused.error().errors[0].message,
            "order.created: 'gross' is Nullable(Float64) for tenant acme and would be Nullable(Int64) for tenant initech: one of them needs another name");
  EXPECT_FALSE(put(topic, rules_upload("acme", "b", gross(columns::Kind::kInt64)))) << "globex has it too";
  EXPECT_TRUE(put(topic, removal(EntryKind::kRules, "globex")));
  EXPECT_TRUE(put(topic, rules_upload("acme", "b", gross(columns::Kind::kInt64))));
}

TEST(Upload, TableThatRulesUseStaysAndKeepsWhatTheyUse) {
  TopicForTests topic;
  ASSERT_TRUE(put(topic, table_upload(kPlans, "id,price,name\n")));
  ASSERT_TRUE(put(topic, rules_upload("acme", "a", {}, {{"plans", "string", {{"price", "decimal(10,2)"}}}})));
  const auto removed = put(topic, removal(EntryKind::kTable, "plans"));
  EXPECT_EQ(removed.error().status, 409);
  EXPECT_THAT(removed.error().text, HasSubstr("the rules of tenant acme need it: they use it"));
  TableDefinition other = kPlans;
  other.columns[1].type = rules::decimal(12, 2);
  EXPECT_THAT(put(topic, table_upload(other, "id,price,name\n")).error().text,
              HasSubstr("they use the column price as decimal(10,2), and it is decimal(12,2)"));
  other.columns[1].name = "cost";
  EXPECT_THAT(put(topic, table_upload(other, "id,cost,name\n")).error().text, HasSubstr("they use the column price, which isn't in it"));
  other = kPlans;
  other.columns[0].type = rules::simple(rules::TypeKind::kInt);
  EXPECT_THAT(put(topic, table_upload(other, "id,price,name\n")).error().text, HasSubstr("the key is string for them, and int in the table"));
  other = kPlans;
  other.columns[2].name = "title";
  EXPECT_TRUE(put(topic, table_upload(other, "id,price,title\n"))) << "nobody uses the name";
  ASSERT_TRUE(put(topic, removal(EntryKind::kRules, "acme")));
  EXPECT_TRUE(put(topic, removal(EntryKind::kTable, "plans")));
}

TEST(Upload, RulesWhoseTableChangedWhileTheyWereCheckedAreSentAgain) {
  TopicForTests topic;
  const auto upload = rules_upload("acme", "a", {}, {{"plans", "string", {{"price", "decimal(10,2)"}}}});
  EXPECT_EQ(put(topic, upload).error().status, 409);
  ASSERT_TRUE(put(topic, table_upload(kPlans, "id,price,name\n")));
  EXPECT_TRUE(put(topic, upload));
}

TEST(Upload, LargeTablesChunksGoFirst) {
  TopicForTests topic;
  std::string rows = "id,price,name\n";
  while (rows.size() < (kChunksAtOnce + 4) * kChunkBytes) rows += std::to_string(rows.size()) + ",1.00,some name\n";
  const Upload upload = table_upload(kPlans, rows);
  EXPECT_EQ(put(topic, upload).error().status, 0);
  EXPECT_EQ(topic.state.latest(), 0u);
  for (auto& record : missing_chunks(topic.state, *upload.table)) topic.write(std::move(record));
  const auto landed = put(topic, upload);
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_EQ(*(*topic.state.current())->tables.at("plans")->text, rows);
  EXPECT_TRUE(missing_chunks(topic.state, *upload.table).empty());
}

TEST(Upload, TextThatIsTooLargeForARecordIsRefused) {
  TopicForTests topic;
  EXPECT_EQ(put(topic, rules_upload("acme", std::string(500'000, '"'))).error().status, 413);
  EXPECT_TRUE(put(topic, rules_upload("acme", std::string(500'000, 'x'))));
}

TEST(Upload, NothingIsWrittenOntoWhatIsntUnderstood) {
  TopicForTests topic;
  topic.write({"change/1", "?"});
  const auto refused = put(topic, rules_upload("acme", "one"));
  EXPECT_EQ(refused.error().status, 500);
  EXPECT_THAT(refused.error().message, HasSubstr("change/1"));
}

}  // namespace
}  // namespace millrace::catalog

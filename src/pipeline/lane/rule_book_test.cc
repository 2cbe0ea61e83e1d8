#include "pipeline/lane/rule_book.h"

#include <gmock/gmock.h>

#include "pipeline/decode/registry_testing.h"

namespace millrace::pipeline {
namespace {

using ::testing::HasSubstr;

ReaderSchemasPtr schemas() { return *ReaderSchemas::create({{"order.created", {1, SchemaId(1), testing::kOrder}}}); }

catalog_topic::CatalogContents contents(const std::map<std::string, std::string>& rules_by_tenant) {
  catalog_topic::CatalogContents all;
  for (const auto& [tenant, rules] : rules_by_tenant) {
    auto source = std::make_shared<catalog_topic::RuleSetSource>();
    source->text = "tenant: '" + tenant + "'\ntopics:\n  order.created:\n" + rules;
    source->content_hash = catalog_topic::content_hash(source->text);
    all.hash = catalog_topic::with(all.hash, catalog_topic::EntryKind::kRules, tenant, source->content_hash);
    all.tenants.emplace(tenant, std::move(source));
  }
  return all;
}

RuleSettings settings() {
  RuleSettings all;
  all.catalog_topic = "_millrace.catalog";
  all.tenant_column = "note";
  return all;
}

const CompiledRule* rule_of(const RuleBook& book, const std::string& tenant) {
  const TopicRules& rules = *book.find("order.created");
  for (const RuleGroup& group : rules.groups())
    for (const RuleInstance& instance : group.instances)
      if (rules.tenant(instance.tenant).name == tenant) return instance.rule;
  return nullptr;
}

TEST(RuleBook, AChangeOfOneTenantCompilesThatTenantAlone) {
  RuleBookCompiler compiler(settings(), schemas());
  const auto before = compiler.compile(contents({{"acme", "    set: {x: id + 1}\n"}, {"globex", "    set: {x: id + 2}\n"}}));
  ASSERT_TRUE(before) << before.error().message;
  const auto after = compiler.compile(contents({{"acme", "    set: {x: id + 1}\n"}, {"globex", "    set: {x: id + 3}\n"}}));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(rule_of(**before, "acme"), rule_of(**after, "acme"));
  EXPECT_NE(rule_of(**before, "globex"), rule_of(**after, "globex"));
  EXPECT_EQ((*after)->find("order.created")->groups().size(), 1u);
}

TEST(RuleBook, WithoutAnyRuleSetRowsStayAsTheyAre) {
  RuleBookCompiler compiler(settings(), schemas());
  const auto book = compiler.compile({});
  ASSERT_TRUE(book);
  EXPECT_EQ((*book)->find("order.created"), nullptr);
}

TEST(RuleBook, OtherPipelinesTopicsDoNotMatter) {
  RuleBookCompiler compiler(settings(), schemas());
  auto all = contents({{"acme", "    set: {x: id}\n  other.topic:\n    set: {y: nothing.known}\n"}});
  const auto book = compiler.compile(all);
  ASSERT_TRUE(book) << book.error().message;
  EXPECT_EQ((*book)->find("order.created")->made().size(), 1u);
}

TEST(RuleBook, ASetThatDoesNotFitTheSchemaIsNamed) {
  RuleBookCompiler compiler(settings(), schemas());
  const auto book = compiler.compile(contents({{"acme", "    set: {x: amount}\n"}}));
  ASSERT_FALSE(book);
  EXPECT_THAT(book.error().message, HasSubstr("rules of tenant acme:4:14: order.created has no field 'amount'"));
}

TEST(RuleBook, PseudonymsNeedTheKey) {
  const auto with = contents({{"acme", "    set: {x: hmac(note)}\n"}});
  RuleBookCompiler without_key(settings(), schemas());
  const auto refused = without_key.compile(with);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("pseudonym_key_file"));
  RuleSettings keyed = settings();
  keyed.pseudonym_key = "0123456789abcdef";
  EXPECT_TRUE(RuleBookCompiler(keyed, schemas()).compile(with));
}

TEST(CatalogHash, IsMadeOfAllThatReachesARow) {
  const auto some = contents({{"acme", "    set: {x: id}\n"}}), other = contents({{"acme", "    set: {x: id + 1}\n"}});
  const auto of = [](const catalog_topic::CatalogContents& all, const RuleSettings& with) { return catalog_hash(*schemas(), all.hash, with); };
  EXPECT_EQ(of(some, settings()), of(contents({{"acme", "    set: {x: id}\n"}}), settings()));
  EXPECT_NE(of(some, settings()), of(other, settings()));
  EXPECT_EQ(of({}, settings()), schemas()->hash());
  RuleSettings changed = settings();
  changed.tenant_column = "tenant";
  EXPECT_NE(of(some, settings()), of(some, changed));
  changed = settings(), changed.unknown_tenant = UnknownTenant::kPass;
  EXPECT_NE(of(some, settings()), of(some, changed));
  changed = settings(), changed.pseudonym_key = "0123456789abcdef";
  EXPECT_NE(of(some, settings()), of(some, changed));
}

}  // namespace
}  // namespace millrace::pipeline

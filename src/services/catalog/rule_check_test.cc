#include "services/catalog/rule_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using columns::Kind;
using testing::HasSubstr;

CatalogContents contents() {
  CatalogContents out;
  auto table = std::make_shared<TableSource>();
  table->definition = {"id",
                       {{"id", rules::simple(rules::TypeKind::kString)}, {"price", rules::decimal(10, 2)}, {"name", rules::simple(rules::TypeKind::kString)}}};
  out.tables["plans"] = std::move(table);
  return out;
}
rules::RuleSurroundings surroundings() {
  rules::RuleSurroundings out;
  rules::TopicVersion one{"version 1", {{"amount", columns::decimal(10, 2)}, {"plan", columns::simple(Kind::kString)}}, {}};
  rules::TopicVersion two = one;
  two.label = "version 2";
  two.columns.push_back({"note", columns::nullable(columns::simple(Kind::kString))});
  out.topics["order.created"] = {one, two};
  return out;
}
Decided<std::shared_ptr<const RuleSetSource>> checked(const std::string& text, const std::string& tenant = "acme") {
  const auto set = read_rules(text, tenant);
  if (!set) return std::unexpected(set.error());
  return check_rules(text, *set, surroundings(), contents());
}

TEST(RuleCheck, TellsWhatIsDerivedAndWhichTablesAreUsed) {
  const std::string text =
      "tenant: acme\ntopics:\n  order.created:\n    set:\n      gross: amount * 2\n      price: lookup(\"plans\", plan).price\n"
      "    enrich:\n      - {table: plans, key: plan, fields: {plan_name: name}}\n    rename: {plan: plan_id}\n";
  const auto rules = checked(text);
  ASSERT_TRUE(rules) << rules.error().message << rules.error().text;
  EXPECT_EQ((*rules)->text, text);
  EXPECT_EQ((*rules)->content_hash, content_hash(text));
  ASSERT_EQ((*rules)->derived.size(), 1u);
  std::map<std::string, std::string> derived;
  for (const auto& column : (*rules)->derived[0].columns) derived[column.name] = columns::to_string(column.type);
  EXPECT_EQ(derived["price"], "Nullable(Decimal(10, 2))");
  EXPECT_EQ(derived["plan_name"], "Nullable(String)");
  EXPECT_TRUE(derived.contains("gross"));
  EXPECT_TRUE(derived.contains("plan_id")) << "what is delivered under another name needs a column too";
  EXPECT_EQ((*rules)->uses, (std::vector<TableUse>{{"plans", "string", {{"name", "string"}, {"price", "decimal(10,2)"}}}}));
}

TEST(RuleCheck, AllThatIsWrongIsToldWithItsPlace) {
  const auto refused =
      checked("tenant: acme\ntopics:\n  order.created:\n    validate:\n      - {name: a, that: amuont > 0}\n      - {name: b, that: note == \"x\"}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 422);
  ASSERT_EQ(refused.error().errors.size(), 2u);
  EXPECT_EQ(refused.error().errors[0].line, 5u);
  EXPECT_EQ(refused.error().errors[0].message, "order.created has no field 'amuont'; did you mean 'amount'?");
  EXPECT_THAT(refused.error().errors[1].message, HasSubstr("(with version 1)"));
  EXPECT_THAT(refused.error().text, HasSubstr("acme:5:"));
}

// Workers would refuse the whole version.
TEST(RuleCheck, WhatCantBeCompiledIsRefused) {
  const auto refused = checked("tenant: acme\ntopics:\n  order.created:\n    drop:\n      - {name: a, when: plan.matches(\"(\")}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 422);
  EXPECT_EQ(refused.error().errors[0].line, 5u);
  EXPECT_THAT(refused.error().errors[0].message, HasSubstr("'a': "));
}

TEST(RuleCheck, SetOfAnotherTenantIsRefused) {
  const auto refused = checked("tenant: acme\ntopics: {}\n", "globex");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("globex:1:9: this is the rule set of 'acme', and was sent for 'globex'"));
}

}  // namespace
}  // namespace millrace::catalog

#include "pipeline/transform/row_transform.h"

#include <gmock/gmock.h>

#include "columns/native_writer.h"

namespace millrace::pipeline {
namespace {

using columns::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<columns::NamedType> kEvent{
    {"tenant", columns::low_cardinality(columns::simple(Kind::kString))}, {"id", columns::simple(Kind::kInt64)},   {"amount", columns::decimal(9, 2)},
    {"email", columns::nullable(columns::simple(Kind::kString))},         {"small", columns::simple(Kind::kInt8)}, {"url", columns::simple(Kind::kString)}};

struct Event {
  std::string tenant;
  int64_t id = 0;
  int32_t cents = 0;
  std::optional<std::string> email{};
  int8_t small = 0;
  std::string url = "https://a.example/p?q=1";
};

// Rule sets of one topic "order", brought together as a worker does.
class Rules {
 public:
  Rules& add(const std::string& tenant, const std::string& topic_rules) {
    auto set = rules::read_rule_set("tenant: '" + tenant + "'\ntopics:\n  order:\n" + topic_rules);
    EXPECT_TRUE(set) << rules::to_string(set.error(), tenant);
    rules::RuleSurroundings surroundings;
    surroundings.topics["order"] = {{"v1", kEvent, {}}};
    auto checked = rules::check_rule_set(*set, surroundings);
    EXPECT_TRUE(checked) << rules::to_string(checked.error(), tenant);
    auto compiled = compiler_.compile(std::move(checked->topics.front()));
    EXPECT_TRUE(compiled) << compiled.error().message;
    sources_.push_back({tenant, std::make_shared<const CompiledTopic>(std::move(*compiled)), "key of " + tenant});
    return *this;
  }
  Result<TopicRulesPtr> try_make() const { return TopicRules::make("order", kEvent.size(), {.tenant = 0, .time = -1}, compiler_.made(), sources_, {}); }
  TopicRulesPtr make() const { return *try_make(); }

 private:
  RuleCompiler compiler_;
  std::vector<TenantSource> sources_;
};

columns::Block empty_block(const TopicRules& rules) {
  auto all = kEvent;
  all.push_back({"_partition", columns::simple(Kind::kInt32)});
  all.push_back({"_offset", columns::simple(Kind::kInt64)});
  all.push_back({"_schema_id", columns::simple(Kind::kInt32)});
  all.insert(all.end(), rules.made().begin(), rules.made().end());
  return columns::Block(all);
}

void append(columns::Block& block, const Event& event) {
  block.column(0).append_text(event.tenant);
  block.column(1).append(event.id);
  block.column(2).append(event.cents);
  if (event.email) {
    block.column(3).append_not_null();
    block.column(3).child(0).append_text(*event.email);
  } else {
    block.column(3).append_null();
  }
  block.column(4).append(event.small);
  block.column(5).append_text(event.url);
  block.column(6).append<int32_t>(1);
  block.column(7).append(event.id * 10);
  block.column(8).append<int32_t>(7);
  block.end_row();
}

struct Ran {
  columns::Block block;
  RowTransform::Outcome outcome;
  std::vector<RowFate> fates;

  const columns::Column& column(const char* name) const { return block.column(static_cast<size_t>(block.find(name))); }
  std::string text(const char* name, size_t row) const {
    const columns::Column& of = column(name);
    if (of.is_null(row)) return "NULL";
    return std::string(of.layout() == columns::Layout::kNullable ? of.child(0).text(row) : of.text(row));
  }
};

Ran run(const TopicRules& rules, const std::vector<Event>& events) {
  static RowTransform transform;
  Ran ran{empty_block(rules), {}, {}};
  for (const Event& event : events) append(ran.block, event);
  ran.outcome = transform.run(rules, ran.block, 0);
  ran.fates.assign(ran.outcome.fates.begin(), ran.outcome.fates.end());
  return ran;
}

std::string native(const columns::Block& block) {
  columns::Buffer out;
  columns::write_native(block, out);
  return std::string(out.view());
}

TEST(RowTransform, ARowThatIsInvalidIsRejectedAloneAndSaysWhy) {
  const auto rules = Rules()
                         .add("acme", R"(
    validate:
      - {name: positive, that: amount > 0, message: an order costs something}
      - {name: known, that: email != null}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 1, 100, "a@b"}, {"acme", 2, -300, "a@b"}, {"acme", 3, 50, {}}, {"acme", 4, 0, {}}});
  EXPECT_THAT(ran.fates, ElementsAre(RowFate::kDelivered, RowFate::kRejected, RowFate::kRejected, RowFate::kRejected));
  ASSERT_EQ(ran.block.rows(), 1u);
  EXPECT_EQ(ran.column("id").value<int64_t>(0), 1);
  ASSERT_EQ(ran.outcome.rejections.size(), 3u);
  EXPECT_EQ(ran.outcome.rejections[0].row, 1u);
  EXPECT_EQ(ran.outcome.rejections[0].rejection.code, RejectionCode::kInvalid);
  EXPECT_EQ(ran.outcome.rejections[0].rejection.reason, "rule 'positive' doesn't hold: an order costs something; amount > 0 (amount = -3.00)");
  EXPECT_EQ(ran.outcome.rejections[1].rejection.reason, "rule 'known' doesn't hold; email != null (email = null)");
  EXPECT_THAT(ran.outcome.rejections[2].rejection.reason, HasSubstr("'positive'")) << "the one that was written first";
}

TEST(RowTransform, ARuleThatFailsRejectsItsRowAndNamesTheValues) {
  const auto rules = Rules()
                         .add("acme", R"(
    set: {share: 100 / id}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 4}, {"acme", 0}, {"acme", 5}});
  EXPECT_EQ(ran.block.rows(), 2u);
  ASSERT_EQ(ran.outcome.rejections.size(), 1u);
  EXPECT_EQ(ran.outcome.rejections[0].rejection.code, RejectionCode::kRuleFailed);
  EXPECT_EQ(ran.outcome.rejections[0].rejection.reason, "rule 'share' failed: division by zero; 100 / id (id = 0)");
  EXPECT_EQ(ran.column("share").child(0).value<int64_t>(1), 20);
}

TEST(RowTransform, DroppedRowsAreCountedAndAKeyIsSampledTheSameWayAlways) {
  const auto rules = Rules()
                         .add("acme", R"(
    drop: [{name: tests, when: id < 0}]
    sample: {key: email.orValue(""), keep: 0.5}
)")
                         .make();
  std::vector<Event> events;
  for (int64_t i = 0; i < 2000; ++i) events.push_back({"acme", i % 10 == 0 ? -i - 1 : i, 1, "user" + std::to_string(i % 100)});
  const Ran ran = run(*rules, events);
  EXPECT_EQ(ran.outcome.dropped + ran.block.rows(), 2000u);
  std::map<std::string, std::set<RowFate>> by_user;
  size_t kept = 0;
  for (size_t i = 0; i < events.size(); ++i)
    if (events[i].id >= 0) by_user[*events[i].email].insert(ran.fates[i]), kept += ran.fates[i] == RowFate::kDelivered;
  for (const auto& [user, fates] : by_user) EXPECT_EQ(fates.size(), 1u) << user;
  EXPECT_GT(kept, 600u);
  EXPECT_LT(kept, 1200u);
}

TEST(RowTransform, WhereEveryRowIsLeftOutColumnsAreMadeWithoutRows) {
  const auto rules = Rules()
                         .add("acme", R"(
    drop: [{name: tests, when: id < 0}]
    set: {gross: amount * 1.19, label: '"gross"'}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", -1, 100}, {"acme", -2, 200}});
  EXPECT_EQ(ran.block.rows(), 0u);
  EXPECT_EQ(ran.outcome.dropped, 2u);
  EXPECT_EQ(ran.column("gross").rows(), 0u);
  EXPECT_EQ(ran.column("label").rows(), 0u);
}

TEST(RowTransform, OfSeveralRulesThatDropARowTheFirstOneIsTold) {
  const auto rules = Rules()
                         .add("acme", R"(
    drop: [{name: odd, when: id % 2 == 1}, {name: cheap, when: amount < 1}]
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 1, 50}, {"acme", 2, 50}, {"acme", 4, 500}, {"acme", 3, 500}});
  ASSERT_EQ(ran.outcome.drops.size(), 3u);
  EXPECT_EQ(ran.outcome.drops[0].rule.rule->name, "odd");
  EXPECT_EQ(ran.outcome.drops[1].rule.rule->name, "cheap");
  EXPECT_EQ(ran.outcome.drops[2].row, 3u);
}

TEST(RowTransform, DerivedFieldsBuildOnEachOtherAndAreNullForTenantsWithoutThem) {
  const auto rules = Rules()
                         .add("acme", R"(
    set: {gross: amount * 1.19, label: '"gross " + string(gross)'}
)")
                         .add("globex", R"(
    set: {label: '"id " + string(id)'}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 1, 100}, {"globex", 2, 100}, {"acme", 3, 200}});
  ASSERT_EQ(ran.block.rows(), 3u);
  EXPECT_EQ(ran.text("label", 0), "gross 1.1900");
  EXPECT_EQ(ran.text("label", 1), "id 2");
  EXPECT_EQ(ran.text("label", 2), "gross 2.3800");
  EXPECT_FALSE(ran.column("gross").is_null(0));
  EXPECT_TRUE(ran.column("gross").is_null(1));
}

TEST(RowTransform, WhatIsDeliveredIsOverwrittenAfterEverybodySawIt) {
  const auto rules = Rules()
                         .add("acme", R"(
    set: {domain: 'email == null ? "none" : email.split("@")[1]'}
    mask: [{field: email, keep_last: 2}, {field: url, with: url_without_query}]
    rename: {small: tiny}
    alert:
      - {name: big, when: amount > 5, severity: critical, title: '"for " + email.orValue("nobody")', key: tenant, fields: [email, id]}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 1, 1000, "ada@x.org", 3}, {"acme", 2, 100, {}, 4}});
  ASSERT_EQ(ran.block.rows(), 2u);
  EXPECT_EQ(ran.text("email", 0), "*******rg");
  EXPECT_EQ(ran.text("email", 1), "NULL");
  EXPECT_EQ(ran.text("url", 0), "https://a.example/p");
  EXPECT_EQ(ran.text("domain", 0), "x.org");
  EXPECT_EQ(ran.column("small").value<int8_t>(0), 0);
  EXPECT_EQ(ran.column("tiny").child(0).value<int64_t>(1), 4);
  ASSERT_EQ(ran.outcome.alerts.size(), 1u);
  const RaisedAlert& alert = ran.outcome.alerts[0];
  EXPECT_EQ(alert.title, "for ada@x.org");
  EXPECT_EQ(alert.key, "acme");
  EXPECT_EQ(alert.tenant, "acme");
  EXPECT_EQ(alert.event_time_ms, std::nullopt) << "these events have no time";
  EXPECT_THAT(alert.fields, ElementsAre("*******rg", "1")) << "what is masked stays masked";
}

TEST(RowTransform, AValueThatItsColumnCannotHoldRejectsItsRow) {
  const auto rules = Rules()
                         .add("acme", R"(
    set: {small: id * 2}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 60}, {"acme", 64}, {"acme", 1}});
  EXPECT_THAT(ran.fates, ElementsAre(RowFate::kDelivered, RowFate::kRejected, RowFate::kDelivered));
  EXPECT_EQ(ran.column("small").value<int8_t>(0), 120);
  EXPECT_EQ(ran.column("small").value<int8_t>(1), 2);
  EXPECT_THAT(ran.outcome.rejections[0].rejection.reason, HasSubstr("rule 'small' failed"));
  EXPECT_THAT(ran.outcome.rejections[0].rejection.reason, HasSubstr("id = 64"));
}

TEST(RowTransform, MetersCountWhatIsDelivered) {
  const auto rules = Rules()
                         .add("acme", R"(
    validate: [{name: positive, that: amount > 0}]
    meter:
      - {name: orders, value: 1, unit: order, window: day}
      - {name: volume, when: amount > 1, value: amount, unit: eur, window: month}
)")
                         .make();
  const Ran ran = run(*rules, {{"acme", 1, 250}, {"acme", 2, -1}, {"acme", 3, 50}});
  ASSERT_EQ(ran.outcome.metered.size(), 3u);
  int64_t cents = 0, orders = 0;
  for (const MeteredValue& value : ran.outcome.metered) (value.rule.rule->name == "volume" ? cents : orders) += static_cast<int64_t>(value.value);
  EXPECT_EQ(cents, 250);
  EXPECT_EQ(orders, 2);
}

TEST(RowTransform, WhoHasNoSetHasTheDefaultOneOrIsRejected) {
  Rules without;
  without.add("acme", "    set: {x: id}\n");
  const auto rules = without.make();
  const Ran ran = run(*rules, {{"acme", 1}, {"who", 2}});
  EXPECT_THAT(ran.fates, ElementsAre(RowFate::kDelivered, RowFate::kRejected));
  EXPECT_EQ(ran.outcome.rejections[0].rejection.code, RejectionCode::kUnknownTenant);
  EXPECT_THAT(ran.outcome.rejections[0].rejection.reason, HasSubstr("'who'"));
  const auto with = without.add("*", "    set: {x: id + 100}\n").make();
  const Ran again = run(*with, {{"acme", 1}, {"who", 2}});
  EXPECT_EQ(again.column("x").child(0).value<int64_t>(0), 1);
  EXPECT_EQ(again.column("x").child(0).value<int64_t>(1), 102);
}

TEST(TopicRules, RulesThatDifferInLiteralsAreOneGroup) {
  Rules all;
  for (int i = 0; i < 500; ++i)
    all.add("t" + std::to_string(i), "    validate: [{name: limit" + std::to_string(i) + ", that: 'amount < " + std::to_string(i) + " && !url.contains(\"" +
                                         std::to_string(i) + "x\")'}]\n");
  const auto rules = all.make();
  EXPECT_EQ(rules->groups().size(), 1u);
  std::vector<Event> events;
  for (int i = 0; i < 500; ++i) events.push_back({"t" + std::to_string(i), i, 25'000});
  const Ran ran = run(*rules, events);
  EXPECT_EQ(ran.block.rows(), 249u) << "250 < limit";
  EXPECT_THAT(ran.outcome.rejections[7].rejection.reason, HasSubstr("'limit7'"));
  EXPECT_THAT(ran.outcome.rejections[7].rejection.reason, HasSubstr("amount < 7 "));
}

TEST(TopicRules, TwoTenantsCannotMakeOneColumnWithTwoTypes) {
  const auto made = Rules().add("acme", "    set: {x: id}\n").add("globex", "    set: {x: url}\n").try_make();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("acme"));
}

// I4: neither its neighbours nor how they were batched reach a row.
TEST(RowTransform, ARowComesOutTheSameWhateverStandsBesideIt) {
  const auto rules = Rules()
                         .add("acme", R"(
    validate: [{name: a, that: 'id % 7 != 3'}]
    drop: [{name: b, when: 'id % 5 == 1'}]
    set: {gross: amount * 1.19, part: 1000 / (id % 11), words: 'url.split("/")'}
    mask: [email]
)")
                         .add("globex", R"(
    sample: {key: url + string(id), keep: 0.7}
    set: {gross: amount * 2.00, url: 'url.replace("a", "b")'}
    remove: [email]
)")
                         .add("*", "    set: {small: id % 100}\n")
                         .make();
  std::vector<Event> events;
  for (int64_t i = 0; i < 400; ++i)
    events.push_back({std::array{"acme", "globex", "third"}[static_cast<size_t>(i % 3)], i, static_cast<int32_t>(i * 37 % 1000),
                      i % 4 == 0 ? std::nullopt : std::optional("e" + std::to_string(i)), 1, "https://a/" + std::to_string(i)});
  const Ran whole = run(*rules, events);
  for (const size_t step : {1, 3, 64}) {
    RowTransform transform;
    columns::Block block = empty_block(*rules);
    std::vector<std::string> reasons;
    for (size_t i = 0; i < events.size(); i += step) {
      const size_t first = block.rows();
      for (size_t j = i; j < std::min(events.size(), i + step); ++j) append(block, events[j]);
      for (const RowRejection& each : transform.run(*rules, block, first).rejections) reasons.push_back(each.rejection.reason);
    }
    ASSERT_EQ(reasons.size(), whole.outcome.rejections.size());
    for (size_t i = 0; i < reasons.size(); ++i) EXPECT_EQ(reasons[i], whole.outcome.rejections[i].rejection.reason);
    EXPECT_EQ(block.rows(), whole.block.rows());
    EXPECT_EQ(native(block), native(whole.block)) << step;
  }
}

}  // namespace
}  // namespace millrace::pipeline

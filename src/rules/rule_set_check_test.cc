#include "rules/rule_set_check.h"

#include <gtest/gtest.h>

#include "rules/columns_used.h"
#include "rules/derived_columns.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

using columns::Kind;

std::vector<columns::NamedType> order_columns() {
  const auto text = columns::simple(Kind::kString);
  return {{"order_id", columns::simple(Kind::kUuid)},
          {"session_id", columns::nullable(text)},
          {"user_id", columns::simple(Kind::kInt64)},
          {"amount", columns::decimal(10, 2)},
          {"quantity", columns::simple(Kind::kInt32)},
          {"status", columns::low_cardinality(text)},
          {"plan_id", columns::nullable(text)},
          {"customer.email", text},
          {"customer.phone", columns::nullable(text)},
          {"url", text},
          {"package", text},
          {"tags", columns::array(text)},
          {"huge", columns::simple(Kind::kInt256)},
          {"at", columns::date_time64(3)}};
}
RuleSurroundings surroundings(std::vector<TopicVersion> versions = {}) {
  RuleSurroundings all;
  if (versions.empty()) versions.push_back({"version 1", order_columns(), {}});
  all.topics["order.created"] = std::move(versions);
  auto row = std::make_shared<Record>();
  row->name = "plans";
  row->fields = {{"name", nullable(simple(TypeKind::kString)), 0}, {"price", nullable(decimal(8, 2)), 1}};
  all.tables.push_back({"plans", simple(TypeKind::kString), row});
  return all;
}
std::expected<CheckedRuleSet, FileDiagnostics> checked_set(const std::string& rules, const RuleSurroundings& around = surroundings()) {
  const auto set = read_rule_set("tenant: acme\ntopics:\n  order.created:\n" + rules);
  if (!set) return std::unexpected(set.error());
  return check_rule_set(*set, around);
}
std::string errors(const std::string& rules, const RuleSurroundings& around = surroundings()) {
  const auto result = checked_set(rules, around);
  return result ? "right" : to_string(result.error(), "");
}

// A line a rule: "set gross -> Nullable(Decimal(13, 4)) level 1: amount * 1.19".
std::string described(const std::string& rules, const RuleSurroundings& around = surroundings()) {
  static constexpr const char* kKinds[] = {"validate", "drop", "sample", "enrich", "set", "rename", "remove", "mask", "alert", "meter"};
  const auto result = checked_set(rules, around);
  if (!result) return to_string(result.error(), "");
  std::string lines;
  for (const CheckedTopic& topic : result->topics) {
    for (const CheckedRule& rule : topic.rules) {
      lines += std::string(lines.empty() ? "" : "\n") + kKinds[static_cast<size_t>(rule.kind)] + " " + rule.name;
      if (rule.column >= 0) lines += " -> " + columns::to_string(topic.columns[static_cast<size_t>(rule.column)].type);
      if (rule.level > 0) lines += " level " + std::to_string(rule.level);
      if (rule.clears) lines += " cleared";
      for (const auto& [name, expression] : {std::pair("when", &rule.when), {"key", &rule.key}, {"title", &rule.title}, {"", &rule.value}}) {
        if (*expression) lines += std::string(*name == '\0' ? "" : " ") + name + ": " + unparse((*expression)->ast);
      }
      for (const auto& [field, expression] : rule.fields) lines += "; " + field + ": " + unparse(expression.ast);
    }
  }
  return lines;
}

TEST(RuleSetCheck, LowersEachKindOfRuleInTheOrderOfItsStage) {
  EXPECT_EQ(
      described(R"(
    meter: [{name: orders, when: status == "paid", value: 1, unit: order, window: day}]
    alert: [{name: big, when: amount > 10000, severity: critical, title: '"order " + order_id', key: user_id, fields: [amount, customer.email, status]}]
    mask: [customer.email, {field: customer.phone, keep_last: 4}, {field: status, with: hmac}, {field: url, with: url_without_query}]
    remove: [session_id, quantity]
    rename: {plan_id: plan}
    set: {gross: amount * 1.19, user_id: user_id + 1}
    enrich: [{table: plans, key: plan_id, fields: {plan_price: price}}]
    sample: {key: user_id, keep: 0.1}
    drop: [{name: tests, when: customer.email.endsWith("@example.com")}]
    validate: [{name: positive, that: amount > 0}]
)"),
      "validate positive when: amount > 0\n"
      "drop tests when: customer.email.endsWith(\"@example.com\")\n"
      "sample sample key: user_id\n"
      "enrich plan_price -> Nullable(Decimal(8, 2)) level 1: lookup(\"plans\", plan_id).price\n"
      "set gross -> Nullable(Decimal(13, 4)) level 1: amount * 1.19\n"
      "set user_id -> Int64: user_id + 1\n"
      "rename plan -> Nullable(String): plan_id\n"
      "rename plan_id -> Nullable(String) cleared\n"
      "remove session_id -> Nullable(String) cleared\n"
      "remove quantity -> Int32 cleared\n"
      "mask customer.email -> String: mask(customer.email)\n"
      "mask customer.phone -> Nullable(String): customer.phone == null ? null : mask(customer.phone, 4)\n"
      "mask status -> LowCardinality(String): hmac(status)\n"
      "mask url -> String: url_without_query(url)\n"
      "alert big when: amount > 10000 key: user_id title: \"order \" + order_id; amount: amount; customer.email: mask(customer.email); status: hmac(status)\n"
      "meter orders when: status == \"paid\": 1");
}
TEST(RuleSetCheck, PutsAFieldOneLevelAboveThoseThatItUses) {
  EXPECT_EQ(described(R"(
    set: {a: quantity + 1, b: a * 2, c: quantity, d: b + c, shipping.zone: a > 3, customer.domain: 'customer.email + "x"', e: 'customer.domain + customer.email'}
    enrich: [{table: plans, key: plan_id, fields: {plan_name: name}}]
)"),
            "enrich plan_name -> Nullable(String) level 1: lookup(\"plans\", plan_id).name\n"
            "set a -> Nullable(Int64) level 1: quantity + 1\n"
            "set c -> Nullable(Int64) level 1: quantity\n"
            "set customer.domain -> Nullable(String) level 1: customer.email + \"x\"\n"
            "set b -> Nullable(Int64) level 2: a * 2\n"
            "set shipping.zone -> Nullable(Bool) level 2: a > 3\n"
            "set e -> Nullable(String) level 2: customer.domain + customer.email\n"
            "set d -> Nullable(Int64) level 3: b + c");
}
TEST(RuleSetCheck, TellsWhichColumnsAreMadeAndWhichAnExpressionReads) {
  const auto result = checked_set("    set: {gross: 'amount * 1.19 + (has(session_id) ? 1 : 2)'}\n    rename: {url: link}\n");
  ASSERT_TRUE(result) << to_string(result.error(), "");
  const CheckedTopic& topic = result->topics[0];
  EXPECT_EQ(topic.event_columns, 14u);
  ASSERT_EQ(topic.made_columns().size(), 2u);
  EXPECT_EQ(topic.made_columns()[0].name, "gross");
  EXPECT_EQ(topic.made_columns()[1].name, "link");
  EXPECT_EQ(columns_used(*topic.rules[0].value), (std::set<int32_t>{1, 3}));
  EXPECT_EQ(topic.rules[0].at, (Position{4, 11}));
}
TEST(RuleSetCheck, GivesEachTypeItsColumn) {
  EXPECT_EQ(described(R"(
    set:
      a: '[1, null]'
      b: '{"x": 1.5}'
      c: at + duration("1h")
      d: b"x"
      e: 1u
      f: session_id
      g: '[["x"]]'
      h: decimal(amount, 1)
)"),
            "set a -> Array(Nullable(Int64)) level 1: [1, null]\n"
            "set b -> Map(String, Float64) level 1: {\"x\": 1.5}\n"
            "set c -> Nullable(DateTime64(6, 'UTC')) level 1: at + duration(\"3600000000000ns\")\n"
            "set d -> Nullable(String) level 1: b\"x\"\n"
            "set e -> Nullable(UInt64) level 1: 1u\n"
            "set f -> Nullable(String) level 1: session_id\n"
            "set g -> Array(Array(String)) level 1: [[\"x\"]]\n"
            "set h -> Nullable(Decimal(10, 1)) level 1: decimal(amount, 1)");
  EXPECT_EQ(
      errors("    set:\n      a: duration('1h')\n      b: 'null'\n      c: '[]'\n      d: customer\n      e: huge\n      f: 'quantity > 1 ? tags : null'\n"),
      "5:10: a duration has no column: d.getSeconds() is its seconds\n"
      "6:11: null alone has no type, and so no column\n"
      "7:11: an empty list or map has no type, and so no column\n"
      "8:10: a record has no column: name one of the fields of order.created.customer\n"
      "9:10: 'huge' has a type that rules can't read: an integer of more than 64 bits\n"
      "10:11: a list that may be null has no column: give a value for null (x.orValue([]))");
  EXPECT_EQ(errors("    set: {tags: 'null'}\n"), "4:18: 'tags' can't be set to this: null has no place in Array(String)");
}

TEST(RuleSetCheck, TellsAllErrorsAtOnceWithTheirPlaces) {
  EXPECT_EQ(errors("    validate: [{name: a, that: amuont > 0}]\n"
                   "    drop: [{name: b, when: quantity}]\n"
                   "    set:\n"
                   "      gross: |\n"
                   "        amount *\n"
                   "          statsu\n"
                   "      net: gross - 1\n"
                   "    remove: [custmer.phone]\n"),
            "4:32: order.created has no field 'amuont'; did you mean 'amount'?\n"
            "5:28: bool is wanted here; this is int\n"
            "9:11: order.created has no field 'statsu'; did you mean 'status'?\n"
            "11:14: order.created has no field 'custmer.phone'; did you mean 'customer.phone'?");
  const auto set = read_rule_set("tenant: acme\ntopics:\n  order.craeted: {}\n");
  ASSERT_TRUE(set);
  EXPECT_EQ(to_string(check_rule_set(*set, surroundings()).error(), "acme.yaml"),
            "acme.yaml:3:3: there is no topic 'order.craeted', or no schema of it; did you mean 'order.created'?");
}
TEST(RuleSetCheck, SaysWhichFieldsArentThereYet) {
  EXPECT_EQ(errors("    validate: [{name: a, that: gross > 0}]\n    set: {net: gross, gross: amount * 2, all: 'tags.all(gross, gross != \"\")'}\n"),
            "4:32: 'gross' isn't there yet: validate, drop and sample see the event as it came\n"
            "5:16: 'gross' isn't there yet: a field is derived from those above it, and enrich comes before set");
}
TEST(RuleSetCheck, RefusesTypesThatDontFitTheirRule) {
  EXPECT_EQ(errors("    sample: {key: session_id, keep: 0.5}\n"),
            "4:19: the key of sample is string, int or uint, and session_id may be null: give a value for null (session_id.orValue(…))");
  EXPECT_EQ(errors("    sample: {key: amount, keep: 0.5}\n"), "4:19: the key of sample is string, int or uint; this is decimal(10, 2)");
  EXPECT_EQ(errors("    alert: [{name: a, when: quantity > 0, severity: info, title: quantity}]\n"), "4:66: string is wanted here; this is int");
  EXPECT_EQ(errors("    meter: [{name: a, value: 1.5, unit: b, window: day}]\n"), "4:30: the value of a meter is int, uint or decimal; this is double");
  EXPECT_EQ(errors("    meter: [{name: a, value: 'decimal(\"1.5\", 13)', unit: b, window: day}]\n"),
            "4:31: the value of a meter has at most 12 digits behind the point; this is decimal(38, 13): decimal(x, 12) rounds it");
  EXPECT_EQ(errors("    set: {quantity: status}\n"), "4:21: 'quantity' can't be set to this: string doesn't fit into Int32");
  EXPECT_EQ(errors("    set: {customer.email: session_id}\n"),
            "4:27: 'customer.email' can't be set to this: null has no place in String: give a value for null (x.orValue(…))");
  EXPECT_EQ(errors("    set: {amount: amount * 1.19}\n"),
            "4:19: 'amount' can't be set to this: decimal(13, 4) has more digits behind the point than Decimal(10, 2): decimal(x, 2) rounds it");
  EXPECT_EQ(errors("    set: {amount: 'decimal(amount * 1.19, 2)', status: '\"new\"', tags: '[]', session_id: 'null', at: at}\n"), "right");
  EXPECT_EQ(errors("    set: {order_id: '\"x\"'}\n"), "4:22: 'order_id' can't be set to this: string doesn't fit into UUID");
}
TEST(RuleSetCheck, RefusesConstantsThatFailEvenWhereTheyAreNeverReached) {
  EXPECT_EQ(errors("    set: {a: 'false ? 1 / 0 : 1', b: 'true || int(\"x\") > 0'}\n"), "4:23: this divides by zero\n4:47: 'x' is no int");
}
TEST(RuleSetCheck, ChecksReferenceTables) {
  EXPECT_EQ(errors("    enrich: [{table: plan, key: plan_id, fields: {a: name}}]\n"), "4:22: there is no reference table 'plan'; did you mean 'plans'?");
  EXPECT_EQ(errors("    enrich: [{table: plans, key: quantity, fields: {a: name}}]\n"), "4:34: the key of 'plans' is string; this is int");
  EXPECT_EQ(errors("    enrich: [{table: plans, key: plan_id, fields: {a: nmae, status: name}}]\n"),
            "4:55: plans has no field 'nmae'; did you mean 'name'?\n4:61: order.created has a field 'status' already");
}
TEST(RuleSetCheck, WantsNewNamesThatAreFreeAndPlain) {
  EXPECT_EQ(errors("    set: {_x: 1, Gross: 1, customer: 1, status.x: 1, a: 1}\n    rename: {url: status, package: a, nothing: b, customer: c}\n"),
            "4:11: a new field's name begins with a-z and goes on with a-z, 0-9 and _, at most 128 of them; this is '_x'\n"
            "4:18: a new field's name begins with a-z and goes on with a-z, 0-9 and _, at most 128 of them; this is 'Gross'\n"
            "4:28: 'customer' is a record: name one of its fields\n"
            "4:41: 'status' is no record: it has no fields\n"
            "5:19: order.created has a field 'status' already\n"
            "5:36: 'a' is made twice, first in line 4\n"
            "5:39: order.created has no field 'nothing'\n"
            "5:51: 'customer' is a record: rename one of its fields");
}
TEST(RuleSetCheck, AssignsEachColumnOnce) {
  EXPECT_EQ(errors("    set: {status: '\"x\"', amount: amount, next: amount, other: url}\n"
                   "    rename: {url: link, status: state}\n"
                   "    remove: [url, customer, customer.phone]\n"
                   "    mask: [status, customer.email, url, quantity, order_id]\n"
                   "    alert: [{name: a, when: 'true', severity: info, title: url, fields: [url, customer.phone, link, customer, a, a]}]\n"),
            "4:48: 'amount' is set anew in line 4, and this would see it as it came: derive a new field, and use that in both\n"
            "5:25: 'status' is set in line 4: let the value there be what is delivered, and renamed here\n"
            "6:14: 'url' is renamed to 'link' in line 5, and removed here\n"
            "6:29: 'customer.phone' is removed in line 6, and removed here\n"
            "7:12: 'status' is set in line 4: let the value there be what is delivered, and masked here\n"
            "7:20: 'customer.email' is removed in line 6, and masked here\n"
            "7:36: 'url' is renamed to 'link' in line 5, and masked here\n"
            "7:41: a text is masked, and 'quantity' is int: remove it, or set a new field to what may be seen of it\n"
            "7:51: 'order_id' is UUID, where no masked text has a place: set a new field to mask(order_id), and remove 'order_id'\n"
            "8:74: 'url' is renamed to 'link' in line 5\n"
            "8:79: 'customer.phone' is removed in line 6\n"
            "8:101: 'customer' is a record: carry one of its fields along\n"
            "8:111: order.created has no field 'a'; did you mean 'at'?\n"
            "8:114: order.created has no field 'a'; did you mean 'at'?");
}
TEST(RuleSetCheck, MasksWhatIsRenamedUnderItsNewName) {
  EXPECT_EQ(described("    rename: {customer.phone: phone, package: parcel}\n    mask: [phone, parcel]\n"
                      "    alert: [{name: a, when: 'true', severity: info, title: url, fields: [phone]}]\n"),
            "rename phone -> Nullable(String): customer.phone == null ? null : mask(customer.phone)\n"
            "rename customer.phone -> Nullable(String) cleared\n"
            "rename parcel -> Nullable(String): mask(.package)\n"
            "rename package -> String cleared\n"
            "alert a when: true title: url; phone: customer.phone == null ? null : mask(customer.phone)");
}

TEST(RuleSetCheck, NamesTheVersionWithWhichItIsWrong) {
  auto second = order_columns();
  second.push_back({"coupon", columns::nullable(columns::simple(Kind::kString))});
  auto third = second;
  third[4].type = columns::simple(Kind::kString);
  const auto around = surroundings({{"version 1", order_columns(), {}}, {"version 2", second, {}}, {"version 3", third, {}}});
  EXPECT_EQ(errors("    drop: [{name: a, when: coupon == \"x\"}, {name: b, when: quantity > 1}, {name: c, when: nothing}]\n", around),
            "4:28: order.created has no field 'coupon' (with version 1)\n"
            "4:69: '>' has no meaning for string and int: convert one of them (with version 3)\n"
            "4:91: order.created has no field 'nothing'");
  EXPECT_EQ(
      errors("    set: {twice: quantity}\n", around),
      "4:11: 'twice' is Nullable(String) here and Nullable(Int64) with version 1, and is one column: convert it, or give it another name (with version 3)");
  EXPECT_EQ(errors("    set: {twice: amount}\n", around), "right");
}
TEST(RuleSetCheck, WidensADecimalToWhatAllVersionsNeed) {
  auto wide = order_columns();
  wide[3].type = columns::decimal(16, 4);
  const auto around = surroundings({{"version 1", order_columns(), {}}, {"version 2", wide, {}}});
  EXPECT_EQ(described("    set: {gross: amount * 2, more: gross + 1, most: more - 1}\n", around),
            "set gross -> Nullable(Decimal(17, 4)) level 1: amount * 2\n"
            "set more -> Nullable(Decimal(18, 4)) level 2: gross + 1\n"
            "set most -> Nullable(Decimal(19, 4)) level 3: more - 1\n"
            "set gross -> Nullable(Decimal(17, 4)) level 1: amount * 2\n"
            "set more -> Nullable(Decimal(18, 4)) level 2: gross + 1\n"
            "set most -> Nullable(Decimal(19, 4)) level 3: more - 1");
}
TEST(RuleSetCheck, BoundsTheCostOfATopic) {
  std::string rules = "    drop:\n";
  const auto rule = [](int i, const char* when) { return "      - {name: r" + std::to_string(i) + ", when: '" + when + "'}\n"; };
  for (int i = 0; i < 400; ++i) rules += rule(i, R"(tags.exists(t, t.matches("a") || t == "x"))");
  EXPECT_EQ(errors(rules + rule(400, R"(tags.exists(t, tags.exists(u, t.matches("a") && u.matches("b"))))")),
            "405:16: the rules of order.created cost 96611 a row, at most 50000 are run; the dearest is 'r400' with 4211");
}
TEST(DerivedColumns, AreOneOfEachNameForAllTenants) {
  const auto number = columns::nullable(columns::simple(Kind::kInt64)), text = columns::nullable(columns::simple(Kind::kString));
  const std::vector<TenantColumns> good = {{"acme", {{"b", number}, {"a", text}}}, {"globex", {{"a", text}, {"c", text}}}};
  const auto merged = merge_derived("order.created", good);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, (std::vector<columns::NamedType>{{"a", text}, {"b", number}, {"c", text}}));
  const std::vector<TenantColumns> bad = {{"acme", {{"a", number}}}, {"globex", {{"a", text}}}};
  EXPECT_EQ(merge_derived("order.created", bad).error(),
            (std::vector<std::string>{"order.created: 'a' is Nullable(Int64) for acme and Nullable(String) for globex: one of them needs another name"}));
}

}  // namespace
}  // namespace millrace::rules

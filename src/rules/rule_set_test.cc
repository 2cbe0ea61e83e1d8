#include "rules/rule_set.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "rules/rule_tests.h"

namespace millrace::rules {
namespace {

std::string errors_of_set(std::string_view file) {
  const auto set = read_rule_set(file);
  return set ? "right" : to_string(set.error(), "");
}
std::string of_topic(const std::string& rules) { return "tenant: acme\ntopics:\n  order.created:\n" + rules; }
// Where the n-th byte of an expression's text stands.
std::string place(const Expression& expression, std::string_view word) {
  const Position at = expression.text.at(static_cast<uint32_t>(expression.text.value.find(word)));
  return std::to_string(at.line) + ":" + std::to_string(at.column);
}

constexpr std::string_view kAll = R"(tenant: acme
topics:
  order.created:
    validate:
      - name: positive_amount
        that: amount > 0
        message: an order costs something
    drop:
      - name: tests
        when: customer.email.endsWith("@example.com")
    sample: {key: session_id, keep: 0.1}
    enrich:
      - table: plans
        key: plan_id
        fields: {plan_name: name, plan_price: price}
    set:
      gross: amount * 1.19
      country: shipping.country.orValue("??")
    rename: {ref: reference}
    remove: [customer.phone]
    mask:
      - customer.email
      - {field: card, keep_last: 4}
      - {field: customer.id, with: hmac}
      - {field: url, with: url_without_query}
    alert:
      - name: big_order
        when: amount > 10000
        severity: critical
        title: '"order of " + string(amount)'
        key: customer.id
        fields: [amount, currency]
    meter:
      - name: orders
        when: status == "paid"
        value: 1
        unit: order
        window: day
)";
constexpr std::string_view kAllCanonical =
    R"j({"tenant":"acme","topics":{"order.created":{"validate":[{"name":"positive_amount","that":"amount > 0","message":"an order costs something"}],)j"
    R"j("drop":[{"name":"tests","when":"customer.email.endsWith(\"@example.com\")"}],"sample":{"key":"session_id","keep":0.1},)j"
    R"j("enrich":[{"table":"plans","key":"plan_id","fields":{"plan_name":"name","plan_price":"price"}}],)j"
    R"j("set":{"gross":"amount * 1.19","country":"shipping.country.orValue(\"??\")"},"rename":{"ref":"reference"},"remove":["customer.phone"],)j"
    R"j("mask":[{"field":"customer.email"},{"field":"card","keep_last":4},{"field":"customer.id","with":"hmac"},{"field":"url","with":"url_without_query"}],)j"
    R"j("alert":[{"name":"big_order","when":"amount > 10000","severity":"critical","title":"\"order of \" + string(amount)","key":"customer.id",)j"
    R"j("fields":["amount","currency"]}],)j"
    R"j("meter":[{"name":"orders","when":"status == \"paid\"","value":"1","unit":"order","window":"day"}]}}})j";

TEST(RuleSet, IsReadWithAllItsParts) {
  const auto set = read_rule_set(kAll);
  ASSERT_TRUE(set) << to_string(set.error(), "");
  EXPECT_EQ(set->tenant.value, "acme");
  ASSERT_EQ(set->topics.size(), 1u);
  const TopicRules& topic = set->topics[0];
  EXPECT_EQ(topic.topic.value, "order.created");
  EXPECT_EQ(topic.rules(), 15u);
  EXPECT_EQ(topic.sample->keep, 0.1);
  EXPECT_EQ(topic.mask[1].keep_last, 4u);
  EXPECT_EQ(topic.mask[2].with, Masking::kHmac);
  EXPECT_EQ(topic.alert[0].severity, Severity::kCritical);
  EXPECT_EQ(topic.meter[0].window, Window::kDay);
  EXPECT_EQ(topic.set[1].field.at(), (Position{18, 7}));
}
TEST(RuleSet, IsTheSameInJson) {
  const auto set = read_rule_set(kAll);
  ASSERT_TRUE(set);
  EXPECT_EQ(canonical_json(*set), kAllCanonical);
  const auto again = read_rule_set(kAllCanonical);
  ASSERT_TRUE(again) << to_string(again.error(), "");
  EXPECT_EQ(canonical_json(*again), kAllCanonical);
}
TEST(RuleSet, HasOneCanonicalFormHoweverItIsWritten) {
  const auto a = read_rule_set("topics:\n  b: {set: {x: '1 + 2'}}\n  a: {mask: [e]}\ntenant: \"acme\" # us\n");
  const auto b = read_rule_set(
      "tenant: acme\ntopics:\n  a:\n    mask:\n      - with: stars\n        field: e\n        keep_last: 0\n  b:\n    set:\n      x: |\n        1 + 2\n");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(canonical_json(*a), canonical_json(*b));
  const auto other_order = read_rule_set("tenant: acme\ntopics: {a: {set: {y: 1, x: 2}}}");
  const auto order = read_rule_set("tenant: acme\ntopics: {a: {set: {x: 2, y: 1}}}");
  ASSERT_TRUE(order && other_order);
  EXPECT_NE(canonical_json(*order), canonical_json(*other_order)) << "the order of set is the order of the columns";
}

TEST(RuleSet, KnowsThePlaceOfEachByteOfAnExpression) {
  const auto set = read_rule_set(
      "tenant: acme\ntopics:\n  t:\n    drop:\n"
      "      - {name: plain, when: a > 1 && 'é' < b && c}\n"                                         // line 5
      "      - name: folded_plain\n        when: a > 1\n"                                            // 7
      "           && b\n\n          && c\n"                                                          // 8, 10
      "      - name: double\n        when: \"a == \\\"x\\\" &&\n          b \\\n          && c\"\n"  // 12, 13, 14
      "      - name: single\n        when: 'a == ''x'' && b'\n"                                      // 16
      "      - name: literal\n        when: |\n\n          a &&\n            b\n          && c\n"    // 20, 21, 22
      "      - name: folded\n        when: >-\n          a &&\n          b\n\n          && c\n");    // 25, 26, 28
  ASSERT_TRUE(set) << to_string(set.error(), "");
  const auto& drop = set->topics[0].drop;
  EXPECT_EQ(place(drop[0].when, "a"), "5:29");
  EXPECT_EQ(place(drop[0].when, "c"), "5:49");
  EXPECT_EQ(place(drop[1].when, "a"), "7:15");
  EXPECT_EQ(place(drop[1].when, "b"), "8:15");
  EXPECT_EQ(place(drop[1].when, "c"), "10:14");
  EXPECT_EQ(drop[2].when.text.value, "a == \"x\" && b && c");
  EXPECT_EQ(place(drop[2].when, "a"), "12:16");
  EXPECT_EQ(place(drop[2].when, "x"), "12:23");
  EXPECT_EQ(place(drop[2].when, "b"), "13:11");
  EXPECT_EQ(place(drop[2].when, "c"), "14:14");
  EXPECT_EQ(place(drop[3].when, "x"), "16:23");
  EXPECT_EQ(place(drop[3].when, "b"), "16:30");
  EXPECT_EQ(place(drop[4].when, "a"), "20:11");
  EXPECT_EQ(place(drop[4].when, "b"), "21:13");
  EXPECT_EQ(place(drop[4].when, "c"), "22:14");
  EXPECT_EQ(place(drop[5].when, "a"), "25:11");
  EXPECT_EQ(place(drop[5].when, "b"), "26:11");
  EXPECT_EQ(place(drop[5].when, "c"), "28:14");
}
TEST(RuleSet, KnowsThePlaceInFilesOfOtherEditors) {
  const auto windows = read_rule_set("\xEF\xBB\xBFtenant: acme\r\ntopics:\r\n  t:\r\n    set:\r\n      x: |\r\n        a &&\r\n        b\r\n");
  ASSERT_TRUE(windows) << to_string(windows.error(), "");
  EXPECT_EQ(place(windows->topics[0].set[0].value, "b"), "7:9");
  const auto indented = read_rule_set("tenant: acme\ntopics:\n  t:\n    set:\n      x: |2\n           a\n         + b\n");
  ASSERT_TRUE(indented) << to_string(indented.error(), "");
  EXPECT_EQ(place(indented->topics[0].set[0].value, "a"), "6:12");
  EXPECT_EQ(place(indented->topics[0].set[0].value, "b"), "7:12");
  const auto json = read_rule_set(R"({"tenant": "a", "topics": {"t": {"set": {"x": "\"\u00e9\\n\" + b"}}}})");
  ASSERT_TRUE(json) << to_string(json.error(), "");
  EXPECT_EQ(place(json->topics[0].set[0].value, "b"), "1:64");
}
TEST(RuleSet, SaysWhereAnExpressionIsWrong) {
  EXPECT_EQ(errors_of_set(of_topic("    drop:\n      - name: a\n        when: >\n          a == 1\n          and b == 2\n")),
            "8:11: 'and' stands where an operator or the end should be; 'and' is '&&'");
  EXPECT_EQ(errors_of_set(of_topic("    set: {x: '1 +'}\n")), "4:18: the expression ends where a value should follow");
  EXPECT_EQ(errors_of_set(of_topic("    set: {x: }\n")), "4:14: the value of 'x' is an expression; this is nothing");
  EXPECT_EQ(errors_of_set(of_topic("    set: {x: [1, 2]}\n")),
            "4:14: the value of 'x' is an expression; this is a list: an expression that begins with { or [ is written in quotes");
}
TEST(RuleSet, TellsAllErrorsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(errors_of_set("topics:\n"
                          "  order.created:\n"
                          "    valdate: []\n"
                          "    sample: {keep: 1.5, key: a}\n"
                          "    drop:\n"
                          "      - name: Tests\n"
                          "        when: a >\n"
                          "      - when: b\n"
                          "    drop: []\n"
                          "tenant: 5\n"),
            "3:5: a topic has no 'valdate'; did you mean 'validate'?\n"
            "4:20: keep is the part of the keys that stays, above 0 and up to 1; this is 1.5\n"
            "6:15: a rule's name consists of a-z, 0-9, _ and -, at most 64 of them; this is 'Tests'\n"
            "7:18: the expression ends where a value should follow\n"
            "8:9: a rule of drop needs 'name'\n"
            "9:5: 'drop' stands here twice, first in line 5\n"
            "10:9: the tenant is a text: write it in quotes, \"5\"");
}
TEST(RuleSet, RefusesWhatHasNoMeaning) {
  EXPECT_EQ(errors_of_set("[]"), "1:1: a rule set is a map of tenant, topics; this is a list");
  EXPECT_EQ(errors_of_set("tenant: acme"), "1:1: a rule set needs 'topics'");
  EXPECT_EQ(errors_of_set("tenant: a b\ntopics: {}"), "1:9: the tenant has no spaces in it");
  EXPECT_EQ(errors_of_set(of_topic("    drop: {name: a}\n")), "4:11: drop is a list (- …); this is a map");
  EXPECT_EQ(errors_of_set(of_topic("    drop: [{name: a, when: x}, {name: a, when: y}]\n")), "4:39: the name 'a' is taken by a rule of this topic, in line 4");
  EXPECT_EQ(errors_of_set(of_topic("    drop: [{name: a, when: x}]\n    meter: [{name: a, value: 1, unit: b, window: day}]\n")),
            "5:20: the name 'a' is taken by a rule of this topic, in line 4");
  EXPECT_EQ(errors_of_set(of_topic("    mask: [{field: a, with: rot13}]\n")), "4:29: with is one of stars, hmac, url_without_query; this is 'rot13'");
  EXPECT_EQ(errors_of_set(of_topic("    mask: [{field: a, with: hmac, keep_last: 4}]\n")), "4:46: keep_last goes with stars only, not with hmac");
  EXPECT_EQ(errors_of_set(of_topic("    mask: [{field: a, keep_last: -1}]\n")), "4:34: keep_last is a whole number from 0 to 1000; this is '-1'");
  EXPECT_EQ(errors_of_set(of_topic("    remove: [a..b]\n")), "4:14: what is removed is the name of a field, a or a.b; this is 'a..b'");
  EXPECT_EQ(errors_of_set(of_topic("    alert: [{name: a, when: x, severity: bad, title: t}]\n")),
            "4:42: severity is one of info, warning, critical; this is 'bad'");
  EXPECT_EQ(errors_of_set(of_topic("    meter: [{name: a, value: 1, unit: b, window: week}]\n")), "4:50: window is one of hour, day, month; this is 'week'");
  EXPECT_EQ(errors_of_set(of_topic("    sample: {key: a, keep: many}\n")), "4:28: keep is a number; this is 'many'");
  EXPECT_EQ(errors_of_set(of_topic("    sample: {key: a, keep: nan}\n")), "4:28: keep is the part of the keys that stays, above 0 and up to 1; this is nan");
  EXPECT_EQ(errors_of_set(of_topic("    set: {'a b': 1}\n")), "4:12: what is set is the name of a field, a or a.b; this is 'a b'");
}
TEST(RuleSet, IsOnePlainDocument) {
  EXPECT_EQ(errors_of_set(""), "1:1: the file is empty");
  EXPECT_EQ(errors_of_set("tenant: &a acme\ntopics: {}"), "1:9: anchors and aliases (&name, *name) aren't read here: write it out");
  EXPECT_EQ(errors_of_set("tenant: !!str acme\ntopics: {}"), "1:9: tags (!name) aren't read here");
  EXPECT_EQ(errors_of_set("tenant: acme\ntopics: {}\n---\ntenant: b\ntopics: {}"), "4:1: a second document (---): one file holds one");
  EXPECT_EQ(errors_of_set("tenant: \xFF"), "1:9: this is no UTF-8");
  EXPECT_EQ(errors_of_set("tenant: {a\ntopics"), "2:7: this is no YAML: end of map flow not found");
  EXPECT_EQ(errors_of_set("tenant: acme\ntopics: {}\nx: a ? b : c"),
            "3:10: this is no YAML: illegal map value; an expression with a colon and a space in it stands in quotes, or below a |");
  EXPECT_EQ(errors_of_set(std::string(100, '[') + std::string(100, ']')), "1:65: lists and maps stand inside each other more than 64 times");
  EXPECT_EQ(errors_of_set(std::string((512 << 10) + 1024, '#')), "1:1: the file has 513 KiB; at most 512 are read");
}
TEST(RuleSet, HasAtMostAThousandRulesOfATopic) {
  std::string remove = "    remove: [f0";
  for (int i = 1; i < 1001; ++i) remove += ", f" + std::to_string(i);
  EXPECT_EQ(errors_of_set(of_topic(remove + "]\n")), "3:3: order.created has 1001 rules; at most 1000 are run");
}
TEST(RuleSet, IsReadFromOneLongLineInAMoment) {
  std::string json = R"({"tenant": "acme", "topics": {)";
  for (int topic = 0; topic < 30; ++topic) {
    json += (topic ? ",\"t" : "\"t") + std::to_string(topic) + R"(": {"set": {)";
    for (int i = 0; i < 700; ++i) json += (i ? ",\"f" : "\"f") + std::to_string(i) + R"(": "a + 1")";
    json += "}}";
  }
  json += "}}";
  ASSERT_GT(json.size(), 300'000u);
  const auto set = read_rule_set(json);
  ASSERT_TRUE(set) << to_string(set.error(), "");
  EXPECT_EQ(set->rules(), 21'000u);
}

// The files that the JSON Schema is tested with too (tests/e2e/test_rules.py). A wrong one begins with what is said of it.
std::map<std::string, std::string> files(const std::string& folder) {
  std::map<std::string, std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(MILLRACE_SOURCE_DIR) + "/" + folder)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    texts[entry.path().filename().string()] = text.str();
  }
  EXPECT_FALSE(texts.empty()) << folder;
  return texts;
}
TEST(RuleSetFiles, AreReadIfTheSchemaAcceptsThem) {
  for (const auto& [name, text] : files("tests/rules/right")) EXPECT_EQ(errors_of_set(text), "right") << name;
  for (const auto& [name, text] : files("contracts/rules")) {
    if (name.ends_with(".csv")) continue;  // tables that they look things up in
    if (!name.ends_with(".test.yaml")) {
      EXPECT_EQ(errors_of_set(text), "right") << name;
      continue;
    }
    const auto tests = read_rule_tests(text);
    EXPECT_TRUE(tests) << name << ": " << (tests ? "" : to_string(tests.error(), ""));
  }
}
TEST(RuleSetFiles, AreRightInTheDocumentation) {
  const std::string text = files("docs")["rules.md"];
  std::vector<std::string> blocks;
  for (size_t begin = text.find("```yaml\n"); begin != text.npos; begin = text.find("```yaml\n", begin)) {
    begin += 8;
    blocks.push_back(text.substr(begin, text.find("```", begin) - begin));
  }
  ASSERT_EQ(blocks.size(), 2u);
  const auto set = read_rule_set(blocks[0]);
  ASSERT_TRUE(set) << to_string(set.error(), "");
  EXPECT_EQ(canonical_json(*set), kAllCanonical);
  const auto tests = read_rule_tests(blocks[1]);
  EXPECT_TRUE(tests) << to_string(tests.error(), "");
}
TEST(RuleSetFiles, AreRefusedWithWhatTheyExpect) {
  for (const char* folder : {"tests/rules/wrong", "tests/rules/beyond_schema"}) {
    for (const auto& [name, text] : files(folder)) {
      std::string expected, line;
      for (std::istringstream lines(text); std::getline(lines, line) && line.starts_with("#: ");) (expected += expected.empty() ? "" : "\n") += line.substr(3);
      EXPECT_EQ(errors_of_set(text), expected) << name;
    }
  }
}

}  // namespace
}  // namespace millrace::rules

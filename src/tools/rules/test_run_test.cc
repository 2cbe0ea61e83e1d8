#include "tools/rules/test_run.h"

#include <gtest/gtest.h>

#include <fstream>

namespace millrace::rules_tools {
namespace {

const char* const kOrderSchema = R"({"type":"record","name":"Order","fields":[{"name":"tenant","type":"string"},
  {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},{"name":"plan","type":["null","string"],"default":null},
  {"name":"email","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]})";

const std::string kOrderRules = R"(tenant: acme
topics:
  order:
    validate: [{name: positive, that: amount > 0, message: costs something}]
    drop: [{name: tests, when: email == "test"}]
    enrich: [{table: plans, key: plan, fields: {plan_price: price}}]
    set: {gross: amount * 1.19, later: 'at + duration("1h")', whose: tenant}
    mask: [email]
    alert: [{name: big, when: amount > 100, severity: warning, title: '"order of " + string(amount)', key: tenant, fields: [gross]}]
    meter: [{name: orders, value: 1, unit: ORDER, window: day}]
)";

Surroundings surroundings() { return *surroundings_of({{"order", kOrderSchema, "order.avsc"}}, {}); }

const std::string kPlans = "    tables: {plans: {pro: {price: 9.90}}}\n";

std::string run(const std::string& test, const std::string& set = kOrderRules) {
  const TestRun run = run_rule_tests(set, "tests:\n  - name: t\n    topic: order\n" + kPlans + test, surroundings());
  if (!run.set_errors.empty()) return "set:\n" + to_string(run.set_errors, "s");
  if (!run.test_errors.empty()) return "tests:\n" + to_string(run.test_errors, "t");
  std::string text;
  for (const TestResult& result : run.results) {
    text += result.errors.empty() ? "" : to_string(result.errors, "t");
    for (const Difference& each : result.differences) text += std::to_string(each.at.line) + ": " + each.what + ": " + each.expected + " / " + each.got + "\n";
  }
  return text.empty() ? "passed" : text;
}

TEST(RunRuleTests, WhatIsAsExpectedPasses) {
  EXPECT_EQ(run(R"(    event: {amount: 200, email: a@b, plan: pro, at: "2026-01-01T00:00:00Z"}
    expect:
      output: {gross: 238, email: "***", later: "2026-01-01T02:00:00+01:00", plan_price: "9.9", whose: acme}
      alerts: [{name: big, severity: warning, title: order of 200.00, key: acme, fields: {gross: 238}}]
      meters: [{name: orders, value: 1}]
)"),
            "passed");
  EXPECT_EQ(run("    event: {amount: 0}\n    expect: {rejected: {rule: positive, reason: costs}}\n"), "passed");
  EXPECT_EQ(run("    event: {amount: 1, email: test}\n    expect: {dropped: tests}\n"), "passed");
  EXPECT_EQ(run("    event: {amount: 1, plan: other}\n    expect: {output: {plan_price: null}, alerts: []}\n"), "passed");
}

TEST(RunRuleTests, EachDifferenceIsTold) {
  EXPECT_EQ(run(R"(    event: {amount: 200, email: a@b, plan: pro}
    expect:
      output: {gross: 237, emial: "***", plan_price: null}
      alerts: [{name: big, severity: critical, title: x, key: y, fields: {gross: 1, amount: 2}}, {name: small}]
      meters: []
)"),
            "7: gross: 237 / 238.0000\n"
            "7: emial: *** / no such field; did you mean 'email'?\n"
            "7: plan_price: null / 9.90\n"
            "8: alert big, severity: critical / warning\n"
            "8: alert big, title: x / order of 200.00\n"
            "8: alert big, key: y / acme\n"
            "8: alert big, gross: 1 / 238.0000\n"
            "8: alert big, amount: 2 / not carried along\n"
            "8: alert small: there / not there\n"
            "2: meter orders: not there / there\n");
  EXPECT_EQ(run("    event: {amount: 1}\n    expect: {rejected: {rule: positive}}\n"), "6: the event: rejected by positive / delivered\n");
  EXPECT_EQ(run("    event: {amount: 1, email: test}\n    expect: {output: {}}\n"), "2: the event: delivered / dropped by tests\n");
  EXPECT_EQ(run("    event: {amount: 0}\n    expect: {dropped: true}\n"),
            "6: the event: dropped / rejected: rule 'positive' doesn't hold: costs something; amount > 0 (amount = 0.00)\n");
}

TEST(RunRuleTests, WhatIsWrongInATestIsToldWithItsPlace) {
  EXPECT_EQ(run("    event: {amuont: 1}\n    expect: {output: {}}\n"), "t:5:13: events of Order have no field 'amuont'; did you mean 'amount'?");
  EXPECT_EQ(run("    event: {tenant: globex}\n    expect: {output: {}}\n"), "t:5:21: the event is of tenant globex, and the rules are of acme");
  EXPECT_EQ(run("    event: {}\n    expect: {ouput: {}}\n"), "tests:\nt:6:14: what is expected has no 'ouput'; did you mean 'output'?");
  EXPECT_EQ(run("    event: {}\n    expect: {output: {}}\n", "tenant: acme\ntopics: {order: {drop: [{name: a, when: amuont > 1}]}}\n"),
            "set:\ns:2:41: order has no field 'amuont'; did you mean 'amount'?");
}

TEST(ReadTables, TakesFilesAsTheCatalogDoes) {
  const auto write = [](const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + name;
    std::ofstream(path) << text;
    return "plans=" + path;
  };
  const std::string good[] = {write("good.csv", "id,name,price,active,zip\n1,a,1.5,true,01\n2,,,false,2\n")};
  const auto tables = read_tables(good);
  ASSERT_TRUE(tables) << tables.error().message;
  std::string types;
  for (const auto& column : tables->front().definition.columns) types += column.name + " " + catalog_topic::type_text(column.type) + "; ";
  EXPECT_EQ(types, "id int; name string; price decimal(18,1); active bool; zip string; ");
  EXPECT_EQ(tables->front().rows->find(int64_t{2}), 1);
  const std::string bad[] = {write("bad.csv", "id,a\n1\n2,x\n2,y\n")};
  EXPECT_EQ(read_tables(bad).error().message,
            testing::TempDir() + "bad.csv:2: 1 fields for 2 columns\n" + testing::TempDir() + "bad.csv:4: the key '2' is already in line 3");
  const std::string none[] = {"plans.csv"};
  EXPECT_EQ(read_tables(none).error().message, "--table plans.csv: name=file.csv is wanted");
}

}  // namespace
}  // namespace millrace::rules_tools

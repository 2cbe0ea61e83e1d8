#include "rules/rule_tests.h"

#include <gtest/gtest.h>

namespace millrace::rules {
namespace {

std::string errors_of_tests(std::string_view file) {
  const auto tests = read_rule_tests(file);
  return tests ? "right" : to_string(tests.error(), "");
}

TEST(RuleTests, AreReadWithTheirPlaces) {
  const auto tests = read_rule_tests(R"(tests:
  - name: big_order
    topic: order.created
    event: {amount: "20000.00", customer: {email: a@b.c}}
    tables: {plans: {pro: {name: Pro, price: "12.50"}}}
    expect:
      output: {gross: "23800.0000", customer.email: "*****"}
      alerts: [{name: big, severity: critical, title: order of 20000.00, key: 7, fields: {amount: "20000.00"}}]
      meters: []
  - {name: test_order, topic: order.created, event: {}, expect: {dropped: tests}}
  - {name: free_order, topic: order.created, event: {}, expect: {rejected: {rule: positive_amount, reason: costs something}}}
  - {name: sampled, topic: order.created, event: {}, expect: {dropped: true}}
)");
  ASSERT_TRUE(tests) << to_string(tests.error(), "");
  ASSERT_EQ(tests->size(), 4u);
  const RuleTest& test = tests->front();
  EXPECT_EQ(test.event.parts.size(), 4u);
  EXPECT_EQ(test.tables[0].key.value, "pro");
  EXPECT_EQ(test.tables[0].fields[1].second.text.value, "12.50");
  EXPECT_EQ(test.output->at(1).first.value, "customer.email");
  EXPECT_EQ(test.output->at(1).second.at, (Position{7, 53}));
  EXPECT_EQ(test.alerts->at(0).severity, Severity::kCritical);
  EXPECT_EQ(test.alerts->at(0).key, "7");
  EXPECT_TRUE(test.meters->empty());
  EXPECT_EQ(tests->at(1).dropped->value, "tests");
  EXPECT_FALSE(tests->at(1).alerts);
  EXPECT_EQ(tests->at(2).rejected->reason, "costs something");
  EXPECT_EQ(tests->at(3).dropped->value, "");
}
TEST(RuleTests, TellAllThatIsWrongInThem) {
  EXPECT_EQ(errors_of_tests("tests:\n"
                            "  - {name: a, topic: t, event: [], expect: {output: {}, dropped: true}}\n"
                            "  - {name: a, topic: t, event: {}, expect: {dropped: true, alerts: [{name: x}]}}\n"
                            "  - {name: b, event: {}, expect: {rejcted: {}}}\n"
                            "  - {name: c, topic: t, event: {}, expect: {alerts: [{severity: bad}], meters: [{name: m, value: []}]}}\n"),
            "2:32: an event is a map (name: …); this is a list\n"
            "2:66: an event has one fate: output, rejected or dropped\n"
            "3:12: the name 'a' is taken by a test in line 2\n"
            "3:44: what is rejected or dropped raises no alert and isn't metered\n"
            "4:5: a test needs 'topic'\n"
            "4:35: what is expected has no 'rejcted'; did you mean 'rejected'?\n"
            "5:54: an expected alert needs 'name'\n"
            "5:65: severity is one of info, warning, critical; this is 'bad'\n"
            "5:98: the value of a meter is a number");
}

}  // namespace
}  // namespace millrace::rules

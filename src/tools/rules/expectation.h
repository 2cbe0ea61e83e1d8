#pragma once
// Whether an event became what its test expects.

#include <string>
#include <vector>

#include "rules/rule_tests.h"
#include "tools/rules/topic_trial.h"

namespace millrace::rules_tools {

struct Difference {
  rules::Position at;  // in the file of tests
  std::string what;    // "output net", "alert big_order, title", "the event"
  std::string expected, got;
};
std::vector<Difference> differences(const rules::RuleTest& test, const Tried& tried);

}  // namespace millrace::rules_tools

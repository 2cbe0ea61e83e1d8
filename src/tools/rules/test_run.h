#pragma once
// The tests beside a rule set, run.

#include <string>
#include <string_view>
#include <vector>

#include "tools/rules/expectation.h"
#include "tools/rules/surroundings.h"

namespace millrace::rules_tools {

inline constexpr const char* kTenantField = "tenant";  // of an event, unless told otherwise

struct TestResult {
  std::string name;
  rules::Position at;
  std::vector<Difference> differences;  // none: it passed
  rules::FileDiagnostics errors;        // what is wrong in the test itself
  bool passed() const { return differences.empty() && errors.empty(); }
};
struct TestRun {
  rules::FileDiagnostics set_errors, test_errors;  // of the two files; nothing was run then
  std::vector<TestResult> results;
};

// A table that any of the tests has rows of looks, unless it is among the surroundings, as the rows of all of them together do. An event without a
// tenant is the set's tenant's.
TestRun run_rule_tests(std::string_view set, std::string_view tests, Surroundings surroundings, const std::string& tenant_field = kTenantField);

}  // namespace millrace::rules_tools

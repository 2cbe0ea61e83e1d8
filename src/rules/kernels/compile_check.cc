#include "rules/kernels/compile_check.h"

#include <set>
#include <string>

#include "rules/kernels/program.h"

namespace millrace::rules {

FileDiagnostics not_to_be_compiled(const CheckedRuleSet& set) {
  FileDiagnostics all;
  std::set<std::string> told;
  const auto compiled = [&](const CheckedRule& rule, const Checked& expression) {
    const auto program = compile(expression);
    if (program) return;
    for (const Diagnostic& wrong : program.error()) {
      const std::string message = "'" + rule.name + "': " + wrong.message;
      if (told.insert(std::to_string(rule.at.line) + ":" + std::to_string(rule.at.column) + message).second) all.push_back({rule.at, message});
    }
  };
  for (const CheckedTopic& topic : set.topics) {
    for (const CheckedRule& rule : topic.rules) {
      for (const auto* expression : {&rule.when, &rule.value, &rule.key, &rule.title})
        if (*expression) compiled(rule, **expression);
      for (const auto& [field, expression] : rule.fields) compiled(rule, expression);
    }
  }
  return all;
}

}  // namespace millrace::rules

#pragma once
// A rule set that is right in every way that can be told before it runs: its form, its expressions against every version of its topics, its patterns
// and time zones.

#include <expected>
#include <string_view>

#include "rules/rule_set_check.h"

namespace millrace::rules_tools {

struct RightSet {
  rules::RuleSet written;
  rules::CheckedRuleSet checked;

  const rules::CheckedTopic* newest(std::string_view topic) const;  // for the newest version of its schema; nullptr: no rules for it
};
std::expected<RightSet, rules::FileDiagnostics> right_set(std::string_view text, const rules::RuleSurroundings& surroundings);

}  // namespace millrace::rules_tools

#pragma once

#include "rules/rule_set_check.h"

namespace millrace::rules {

// Patterns and time zones are looked at where expressions are compiled, which knows their rule and not their place in its text. All that can't
// be compiled, once for all versions of a topic.
FileDiagnostics not_to_be_compiled(const CheckedRuleSet& set);

}  // namespace millrace::rules

#include "tools/rules/right_set.h"

#include "rules/kernels/compile_check.h"

namespace millrace::rules_tools {

const rules::CheckedTopic* RightSet::newest(std::string_view topic) const {
  const rules::CheckedTopic* found = nullptr;
  for (const rules::CheckedTopic& each : checked.topics)
    if (each.topic == topic) found = &each;
  return found;
}

std::expected<RightSet, rules::FileDiagnostics> right_set(std::string_view text, const rules::RuleSurroundings& surroundings) {
  auto set = rules::read_rule_set(text);
  if (!set) return std::unexpected(std::move(set.error()));
  auto checked = rules::check_rule_set(*set, surroundings);
  if (!checked) return std::unexpected(std::move(checked.error()));
  if (auto wrong = not_to_be_compiled(*checked); !wrong.empty()) return std::unexpected(std::move(wrong));
  return RightSet{std::move(*set), std::move(*checked)};
}

}  // namespace millrace::rules_tools

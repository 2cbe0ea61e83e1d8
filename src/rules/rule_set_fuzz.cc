// libFuzzer: hostile rule sets. They are read and checked, or there are errors with places inside of the file, in bounded time and memory; a set's
// canonical form is a set with the same canonical form; what was checked assigns each column once, by expressions that are there.
#include <algorithm>
#include <set>

#include "base/fuzz_seeds.h"
#include "rules/rule_set_check.h"
#include "rules/rule_tests.h"

namespace millrace::rules {
namespace {

const RuleSurroundings& surroundings() {
  using columns::Kind;
  static const RuleSurroundings kSurroundings = [] {
    const auto text = columns::simple(Kind::kString);
    RuleSurroundings all;
    std::vector<columns::NamedType> columns = {{"a", columns::decimal(10, 2)},
                                               {"n", columns::nullable(columns::simple(Kind::kInt64))},
                                               {"s", text},
                                               {"t", columns::nullable(text)},
                                               {"l", columns::array(text)},
                                               {"r.x", text}};
    all.topics["t"].push_back({"version 1", columns, {}});
    columns[0].type = columns::decimal(12, 4);
    all.topics["t"].push_back({"version 2", columns, {}});
    auto row = std::make_shared<Record>();
    row->name = "p";
    row->fields = {{"x", nullable(simple(TypeKind::kString)), 0}};
    all.tables.push_back({"p", simple(TypeKind::kString), row});
    return all;
  }();
  return kSurroundings;
}

void places_are_inside(const FileDiagnostics& errors, std::string_view file) {
  const auto lines = static_cast<uint32_t>(std::count(file.begin(), file.end(), '\n')) + 1;
  MILLRACE_FUZZ_EXPECT(!errors.empty(), "what fails says why");
  for (const FileDiagnostic& error : errors)
    MILLRACE_FUZZ_EXPECT(error.at.line >= 1 && error.at.line <= lines && error.at.column >= 1 && error.at.column <= file.size() + 1, error.message);
}

void run(std::string_view file) {
  if (const auto tests = read_rule_tests(file); !tests) places_are_inside(tests.error(), file);
  const auto set = read_rule_set(file);
  if (!set) return places_are_inside(set.error(), file);
  const std::string canonical = canonical_json(*set);
  if (canonical.size() <= kRuleSetBytesMax) {
    const auto again = read_rule_set(canonical);
    MILLRACE_FUZZ_EXPECT(again.has_value() && canonical_json(*again) == canonical, "another set: " + canonical);
  }
  const auto checked = check_rule_set(*set, surroundings());
  if (!checked) return places_are_inside(checked.error(), file);
  for (const CheckedTopic& topic : checked->topics) {
    std::set<int32_t> assigned;
    for (const CheckedRule& rule : topic.rules) {
      const bool assigns = rule.stage == Stage::kDerive || rule.stage == Stage::kOutput;
      MILLRACE_FUZZ_EXPECT(assigns == (rule.column >= 0) && rule.column < static_cast<int32_t>(topic.columns.size()), rule.name);
      MILLRACE_FUZZ_EXPECT(!assigns || rule.stage == Stage::kDerive || assigned.insert(rule.column).second, "assigned twice: " + rule.name);
      MILLRACE_FUZZ_EXPECT(rule.when || rule.value || rule.key || rule.clears, "a rule without an expression: " + rule.name);
    }
  }
}

std::vector<std::string> seeds() {
  return {"tenant: a\ntopics:\n  t:\n    validate: [{name: v, that: a > 0, message: m}]\n    set: {g: a * 1.19, s: '\"x\"', h: >\n      g\n      + 1\n    }\n",
          R"({"tenant": "*", "topics": {"t": {"mask": ["s", {"field": "t", "keep_last": 4}], "rename": {"r.x": "y"}, "remove": ["n", "r"]}}})",
          "tenant: a\ntopics:\n  t:\n    drop:\n      - name: d\n        when: |\n          l.exists(x, x == s)\n    sample: {key: s, keep: 0.5}\n"
          "    enrich: [{table: p, key: t, fields: {px: x}}]\n    meter: [{name: m, value: a, unit: u, window: day}]\n",
          "tenant: a\ntopics: {t: {alert: [{name: x, when: has(t), severity: info, title: s + \"\\u00e9\\n\", key: s, fields: [s, t]}]}}\n",
          "tests:\n  - {name: a, topic: t, event: {a: 1}, expect: {output: {s: x}, alerts: [{name: x, fields: {s: 1}}], meters: []}}\n"};
}

}  // namespace
}  // namespace millrace::rules

MILLRACE_FUZZ_TARGET(millrace::rules::run, millrace::rules::seeds)

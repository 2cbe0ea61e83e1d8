#include "rules/rule_set_check.h"

#include <algorithm>
#include <tuple>

#include "rules/column_of.h"
#include "rules/topic_check.h"

namespace millrace::rules {
namespace {

constexpr size_t kRoundsMax = 30;

struct TopicResults {
  std::vector<CheckedTopic> topics;  // by version
  std::vector<FileDiagnostics> errors;
  std::vector<std::map<std::string, TopicCheck::Derived>> derived;
};

TopicResults check_versions(const TopicRules& rules, const std::vector<TopicVersion>& versions, std::span<const ReferenceTable> tables,
                            const TopicCheck::Widened& widened) {
  TopicResults results;
  for (const TopicVersion& version : versions) {
    TopicCheck check(rules, version, tables, widened);
    results.topics.push_back(check.run());
    results.errors.push_back(check.errors());
    results.derived.push_back(check.derived());
  }
  return results;
}

// A derived field is one column for all versions. False if some are wider now, and the versions are to be checked again.
bool agree(TopicResults& results, const std::vector<TopicVersion>& versions, TopicCheck::Widened& widened) {
  bool same = true;
  std::map<std::string, std::pair<TopicCheck::Derived, size_t>> first;
  for (size_t v = 0; v < versions.size(); ++v) {
    for (const auto& [name, derived] : results.derived[v]) {
      const auto [at, is_new] = first.emplace(name, std::pair(derived, v));
      const Type before = at->second.first.type;
      if (is_new || before.is(TypeKind::kError) || derived.type.is(TypeKind::kError)) continue;
      const auto a = column_of(before), b = column_of(derived.type);
      if (!a || !b || *a == *b) continue;
      const auto joined = join(before, derived.type);
      if (joined && column_of(*joined)) {
        at->second.first.type = *joined, widened.insert_or_assign(name, *joined), same = false;
        continue;
      }
      results.errors[v].push_back({derived.at, "'" + name + "' is " + columns::to_string(*b) + " here and " + columns::to_string(*a) + " with " +
                                                   versions[at->second.second].label + ", and is one column: convert it, or give it another name"});
    }
  }
  return same;
}

// What is wrong with every version is told once, the rest with the versions' names.
FileDiagnostics merged(const std::vector<FileDiagnostics>& errors, const std::vector<TopicVersion>& versions) {
  std::map<std::tuple<uint32_t, uint32_t, std::string>, std::vector<size_t>> where;
  for (size_t v = 0; v < errors.size(); ++v) {
    for (const FileDiagnostic& error : errors[v]) {
      auto& at = where[{error.at.line, error.at.column, error.message}];
      if (at.empty() || at.back() != v) at.push_back(v);
    }
  }
  FileDiagnostics all;
  for (const auto& [error, found] : where) {
    std::string message = std::get<2>(error);
    if (found.size() < versions.size()) {
      std::string labels;
      for (const size_t v : found) labels += (labels.empty() ? "" : ", ") + versions[v].label;
      message += " (with " + labels + ")";
    }
    all.push_back({{std::get<0>(error), std::get<1>(error)}, std::move(message)});
  }
  return all;
}

void limit_cost(const CheckedTopic& topic, FileDiagnostics& errors) {
  if (topic.cost <= kTopicCostMax || !errors.empty()) return;
  const auto dearest = std::ranges::max_element(topic.rules, {}, &CheckedRule::cost);
  errors.push_back({dearest->at, "the rules of " + topic.topic + " cost " + std::to_string(topic.cost) + " a row, at most " + std::to_string(kTopicCostMax) +
                                     " are run; the dearest is '" + dearest->name + "' with " + std::to_string(dearest->cost)});
}

}  // namespace

std::expected<CheckedRuleSet, FileDiagnostics> check_rule_set(const RuleSet& set, const RuleSurroundings& surroundings) {
  CheckedRuleSet checked{set.tenant.value, {}};
  FileDiagnostics all;
  std::vector<std::string_view> names;
  for (const auto& [topic, versions] : surroundings.topics) names.push_back(topic);
  for (const TopicRules& rules : set.topics) {
    const auto known = surroundings.topics.find(rules.topic.value);
    if (known == surroundings.topics.end() || known->second.empty()) {
      all.push_back({rules.topic.at(), "there is no topic '" + excerpt(rules.topic.value) + "', or no schema of it" + did_you_mean(rules.topic.value, names)});
      continue;
    }
    TopicCheck::Widened widened;
    TopicResults results = check_versions(rules, known->second, surroundings.tables, widened);
    // A wider field may make those wider that use it, so this goes on level by level.
    bool agreed = agree(results, known->second, widened);
    for (size_t round = 0; round < kRoundsMax && !agreed; ++round) {
      results = check_versions(rules, known->second, surroundings.tables, widened);
      agreed = agree(results, known->second, widened);
    }
    if (!agreed) all.push_back({rules.topic.at(), "derived fields have other types with each version, too many times over: convert them, decimal(x, scale)"});
    for (size_t v = 0; v < results.topics.size(); ++v) limit_cost(results.topics[v], results.errors[v]);
    for (FileDiagnostic& error : merged(results.errors, known->second)) all.push_back(std::move(error));
    for (CheckedTopic& topic : results.topics) checked.topics.push_back(std::move(topic));
  }
  if (all.empty()) return checked;
  std::ranges::stable_sort(all, {}, [](const FileDiagnostic& d) { return std::pair(d.at.line, d.at.column); });
  return std::unexpected(std::move(all));
}

}  // namespace millrace::rules

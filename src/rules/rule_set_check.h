#pragma once
// A rule set against the fields that events have: afterwards nothing is left to go wrong but values (docs/rules.md, "What fails a row"). What comes
// out is flat: whoever runs it goes through the rules in their order, and evaluates expressions, whatever the rules were called.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/block.h"
#include "rules/checker.h"
#include "rules/rule_set.h"

namespace millrace::rules {

// One version of a topic's reader schema, as columns (avro/column_mapping.h).
struct TopicVersion {
  std::string label;  // for messages: "version 3"
  std::vector<columns::NamedType> columns;
  std::vector<std::string> bytes_columns;
};
struct RuleSurroundings {
  std::map<std::string, std::vector<TopicVersion>, std::less<>> topics;
  std::vector<ReferenceTable> tables;
};

enum class Stage : uint8_t { kCheck, kDrop, kSample, kDerive, kOutput, kAlert, kMeter };
enum class RuleKind : uint8_t { kValidate, kDrop, kSample, kEnrich, kSet, kRename, kRemove, kMask, kAlert, kMeter };

// Expressions see the event's columns as they came and, from kDerive on, the derived ones of lower levels (kOutput, kAlert and kMeter: all of
// them). What kOutput assigns is seen by nobody: it is what is delivered. No two rules of a topic assign one column.
//
// An expression may take a Nullable column for one without nulls: behind a guard, and where it is derived from a value that is never null.
struct CheckedRule {
  Stage stage = Stage::kCheck;
  RuleKind kind = RuleKind::kValidate;
  std::string name;              // the rule's, or the field that it assigns or removes; "sample"
  Position at;                   // in the file
  uint32_t level = 0;            // kDerive: 1 + the highest level of derived fields that it uses
  int32_t column = -1;           // kDerive, kOutput: what is assigned, in CheckedTopic::columns
  bool clears = false;           // kOutput, without a value: NULL where that has a place, else 0, "", [] (columns::Column::append_default)
  std::optional<Checked> when;   // kCheck: what must hold; kDrop, kAlert; kMeter: if there is a condition
  std::optional<Checked> value;  // kDerive, kOutput: fits its column (rules/column_of.h), perhaps after widening; kMeter: int, uint or decimal
  std::optional<Checked> key;    // kSample; kAlert: if there is one. string, int or uint
  std::optional<Checked> title;  // kAlert: string
  std::vector<std::pair<std::string, Checked>> fields;  // kAlert: as they are delivered, so that what is masked stays masked
  std::string message;                                  // kCheck: "" if there is none
  std::string unit;                                     // kMeter
  double keep = 1;                                      // kSample: of the keys
  Severity severity = Severity::kWarning;
  Window window = Window::kDay;
  uint64_t cost = 0;  // of its expressions (rules/rule_cost.h)
};

struct CheckedTopic {
  std::string topic, version;
  std::vector<columns::NamedType> columns;  // the event's, then the derived ones, then those that only kOutput assigns
  size_t event_columns = 0;
  std::vector<CheckedRule> rules;  // by stage, then level, then as they are written
  uint64_t cost = 0;

  std::vector<columns::NamedType> made_columns() const { return {columns.begin() + static_cast<ptrdiff_t>(event_columns), columns.end()}; }
};

struct CheckedRuleSet {
  std::string tenant;
  std::vector<CheckedTopic> topics;  // each version of each topic, in the order of the file and of the versions
};

inline constexpr uint64_t kTopicCostMax = 50'000;

// All that is wrong at once, in the order of the file. What isn't wrong with every version of a topic names those with which it is.
std::expected<CheckedRuleSet, FileDiagnostics> check_rule_set(const RuleSet& set, const RuleSurroundings& surroundings);

}  // namespace millrace::rules

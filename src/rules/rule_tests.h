#pragma once
// Examples beside a rule set: events, and what is to become of them (docs/rules.md, "Examples of a rule set"). Read here, not run.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/rule_set.h"

namespace millrace::rules {

struct ExpectedRejection {
  PlacedText rule;
  std::string reason;  // a part of it; "" is in every reason
};
// What is left out may be anything.
struct ExpectedAlert {
  PlacedText name;
  std::optional<Severity> severity;
  std::optional<std::string> title, key;
  std::vector<std::pair<PlacedText, FileNode>> fields;
};
struct ExpectedMeter {
  PlacedText name;
  std::optional<FileNode> value;
};
struct TableRow {
  PlacedText table, key;
  std::vector<std::pair<PlacedText, FileNode>> fields;
};

struct RuleTest {
  PlacedText name, topic;
  FileNode event;                // a map; records are maps in it
  std::vector<TableRow> tables;  // all that the reference tables hold
  // At most one of these three; none: it is delivered, whatever it looks like.
  std::optional<std::vector<std::pair<PlacedText, FileNode>>> output;  // fields by name, a.b; others may be anything
  std::optional<ExpectedRejection> rejected;
  std::optional<PlacedText> dropped;  // by which rule, or "sample"; "" is any
  // All of them, in any order; nothing: they aren't looked at.
  std::optional<std::vector<ExpectedAlert>> alerts;
  std::optional<std::vector<ExpectedMeter>> meters;
};

std::expected<std::vector<RuleTest>, FileDiagnostics> read_rule_tests(std::string_view file);

}  // namespace millrace::rules

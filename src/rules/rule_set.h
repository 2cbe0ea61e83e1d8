#pragma once
// A tenant's rule set, as its file says it: what happens to the tenant's events (docs/rules.md, "A rule set"). Read, not yet checked against
// the events' fields: rules/rule_set_check.h does that. Immutable once read.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/file_form.h"
#include "rules/rule_file.h"

namespace millrace::rules {

inline constexpr std::string_view kDefaultTenant = "*";  // the set of tenants that have none of their own
inline constexpr size_t kRuleSetBytesMax = 512 << 10;
inline constexpr size_t kRulesMax = 1000;  // of a topic

enum class Severity : uint8_t { kInfo, kWarning, kCritical };
enum class Masking : uint8_t { kStars, kHmac, kUrlWithoutQuery };
enum class Window : uint8_t { kHour, kDay, kMonth };

struct ValidateRule {
  PlacedText name;
  Expression that;
  std::string message;  // for the dead letter; "" if there is none
};
struct DropRule {
  PlacedText name;
  Expression when;
};
struct SampleRule {
  Expression key;
  double keep = 1;  // of the keys, (0, 1]
  Position at;
};
struct EnrichRule {
  PlacedText table;
  Expression key;
  std::vector<std::pair<PlacedText, PlacedText>> fields;  // new field, field of the table
};
struct SetRule {
  PlacedText field;
  Expression value;
};
struct RenameRule {
  PlacedText from, to;
};
struct MaskRule {
  PlacedText field;
  Masking with = Masking::kStars;
  uint32_t keep_last = 0;  // kStars: characters
};
struct AlertRule {
  PlacedText name;
  Expression when;
  Severity severity = Severity::kWarning;
  Expression title;
  std::optional<Expression> key;
  std::vector<PlacedText> fields;
};
struct MeterRule {
  PlacedText name;
  std::optional<Expression> when;
  Expression value;
  PlacedText unit;
  Window window = Window::kDay;
};

struct TopicRules {
  PlacedText topic;
  std::vector<ValidateRule> validate;
  std::vector<DropRule> drop;
  std::optional<SampleRule> sample;
  std::vector<EnrichRule> enrich;
  std::vector<SetRule> set;
  std::vector<RenameRule> rename;
  std::vector<PlacedText> remove;
  std::vector<MaskRule> mask;
  std::vector<AlertRule> alert;
  std::vector<MeterRule> meter;
  size_t rules() const;  // each field of enrich is one
};

struct RuleSet {
  PlacedText tenant;
  std::vector<TopicRules> topics;
  size_t rules() const;
};

// All that is wrong, at once and in the order of the file.
std::expected<RuleSet, FileDiagnostics> read_rule_set(std::string_view file);

// The set as one line of JSON: keys in a fixed order, defaults left out, short forms written out, topics by name, expressions as they were
// written. Two files that say the same have the same, so a hash of it names the set. read_rule_set(canonical_json(set)) is the same set.
std::string canonical_json(const RuleSet& set);

std::string_view word(Severity severity);
std::string_view word(Masking masking);
std::string_view word(Window window);

}  // namespace millrace::rules

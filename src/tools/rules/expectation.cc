#include "tools/rules/expectation.h"

#include <algorithm>

#include "rules/diagnostic.h"
#include "tools/rules/event_values.h"

namespace millrace::rules_tools {
namespace {

using pipeline::RowFate;
using rules::FileNode;
using rules::PlacedText;

// As it is written, on one line.
std::string written(const FileNode& node) {
  if (is_null(node)) return "null";
  std::string text;
  for (size_t i = 0; i < node.parts.size(); ++i) {
    const bool is_key = node.kind == FileNode::Kind::kMap && i % 2 == 0;
    text += (i == 0 || (node.kind == FileNode::Kind::kMap && i % 2 == 1) ? "" : ", ") + written(node.parts[i]) + (is_key ? ": " : "");
  }
  if (node.kind == FileNode::Kind::kList) return "[" + text + "]";
  if (node.kind == FileNode::Kind::kMap) return "{" + text + "}";
  return node.text.value;
}

std::string fate_of(const Tried& tried) {
  switch (tried.fate) {
    case RowFate::kDelivered: return "delivered";
    case RowFate::kDropped: return "dropped by " + tried.dropped_by;
    case RowFate::kSampledOut: return "dropped by sample";
    case RowFate::kRejected: return "rejected: " + (tried.rejection ? tried.rejection->reason : std::string());
  }
  return {};
}

class Comparison {
 public:
  Comparison(const rules::RuleTest& test, const Tried& tried) : test_(test), tried_(tried) {}

  std::vector<Difference> run() {
    if (!same_fate()) return std::move(found_);
    if (test_.output) output();
    if (test_.alerts) alerts();
    if (test_.meters) meters();
    return std::move(found_);
  }

 private:
  void differ(rules::Position at, std::string what, std::string expected, std::string got) {
    found_.push_back({at, std::move(what), std::move(expected), std::move(got)});
  }

  bool same_fate() {
    const auto wrong = [&](rules::Position at, const std::string& expected) {
      differ(at, "the event", expected, fate_of(tried_));
      return false;
    };
    if (test_.rejected) {
      const std::string& rule = test_.rejected->rule.value;
      if (tried_.fate != RowFate::kRejected || !tried_.rejection->reason.starts_with("rule '" + rule + "' "))
        return wrong(test_.rejected->rule.at(), "rejected by " + rule);
      if (!tried_.rejection->reason.contains(test_.rejected->reason))
        differ(test_.rejected->rule.at(), "the reason", "… " + test_.rejected->reason + " …", tried_.rejection->reason);
      return found_.empty();
    }
    if (test_.dropped) {
      const std::string& rule = test_.dropped->value;
      const bool dropped = tried_.fate == RowFate::kDropped || tried_.fate == RowFate::kSampledOut;
      return (dropped && (rule.empty() || rule == tried_.dropped_by)) || wrong(test_.dropped->at(), rule.empty() ? "dropped" : "dropped by " + rule);
    }
    return tried_.fate == RowFate::kDelivered || wrong(test_.name.at(), "delivered");
  }

  void output() {
    std::vector<std::string_view> names;
    for (const FieldValue& field : tried_.delivered) names.push_back(field.name);
    for (const auto& [name, value] : *test_.output) {
      const auto field = std::ranges::find(tried_.delivered, name.value, &FieldValue::name);
      if (field == tried_.delivered.end())
        differ(name.at(), name.value, written(value), "no such field" + rules::did_you_mean(name.value, names));
      else if (!means(value, field->value, field->type))
        differ(value.at, name.value, written(value), shown(field->value, field->type));
    }
  }

  // Alerts and meters: by name; each name is there as often as it is expected.
  template <class Expected, class Got, class Compare>
  void by_name(const std::vector<Expected>& expected, const std::vector<Got>& got, const std::string& kind, const Compare& compare) {
    std::vector<const Got*> left;
    for (const Got& each : got) left.push_back(&each);
    for (const Expected& each : expected) {
      const auto found = std::ranges::find_if(left, [&](const Got* one) { return one->rule == each.name.value; });
      if (found == left.end()) {
        differ(each.name.at(), kind + " " + each.name.value, "there", "not there");
        continue;
      }
      compare(each, **found);
      left.erase(found);
    }
    for (const Got* each : left) differ(test_.name.at(), kind + " " + each->rule, "not there", "there");
  }

  void alerts() {
    by_name(*test_.alerts, tried_.alerts, "alert", [&](const rules::ExpectedAlert& expected, const TriedAlert& got) {
      const std::string name = "alert " + got.rule;
      const auto at = expected.name.at();
      if (expected.severity && *expected.severity != got.severity)
        differ(at, name + ", severity", std::string(rules::word(*expected.severity)), std::string(rules::word(got.severity)));
      if (expected.title && *expected.title != got.title) differ(at, name + ", title", *expected.title, got.title);
      if (expected.key && *expected.key != got.key) differ(at, name + ", key", *expected.key, got.has_key ? got.key : "no key");
      for (const auto& [field, value] : expected.fields) {
        const auto found = std::ranges::find(got.fields, field.value, &std::pair<std::string, std::string>::first);
        const std::string what = name + ", " + field.value;
        if (found == got.fields.end())
          differ(field.at(), what, written(value), "not carried along");
        else if (!same_text(value, found->second))
          differ(value.at, what, written(value), found->second);
      }
    });
  }

  // Fields of alerts are texts by now; a number may be written with more digits, or fewer.
  static bool same_text(const FileNode& value, const std::string& got) {
    if (written(value) == got) return true;
    const auto a = decimal_of(value.text.value, 19), b = decimal_of(got, 19);
    return value.kind == FileNode::Kind::kText && a && b && *a == *b;
  }

  void meters() {
    by_name(*test_.meters, tried_.meters, "meter", [&](const rules::ExpectedMeter& expected, const TriedMeter& got) {
      if (expected.value && !same_text(*expected.value, got.value))
        differ(expected.value->at, "meter " + got.rule, written(*expected.value), got.value + " " + got.unit);
    });
  }

  const rules::RuleTest& test_;
  const Tried& tried_;
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> differences(const rules::RuleTest& test, const Tried& tried) { return Comparison(test, tried).run(); }

}  // namespace millrace::rules_tools

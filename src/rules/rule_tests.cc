#include "rules/rule_tests.h"

#include <map>

namespace millrace::rules {
namespace {

using enum FileForm::Need;
using Key = FileForm::Key;

constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};
constexpr size_t kTextMax = 10'000;

class RuleTestReader {
 public:
  explicit RuleTestReader(FileForm& form) : form_(form) {}

  std::vector<RuleTest> tests(const FileNode& root) {
    std::vector<RuleTest> all;
    const Key keys[] = {{"tests", [&](const FileNode& n) { form_.list(n, "tests", [&](const FileNode& part) { all.push_back(test(part)); }); }, kRequired}};
    form_.map(root, "a file of tests", keys);
    return all;
  }

 private:
  using Fields = std::vector<std::pair<PlacedText, FileNode>>;

  Key name(PlacedText& out, const std::string& what) {
    return {"name", [this, &out, what](const FileNode& n) { out = form_.name(n, what); }, kRequired};
  }
  Fields fields(const FileNode& node, const std::string& what) {
    Fields all;
    form_.entries(node, what, [&](const PlacedText& field, const FileNode& value) { all.emplace_back(field, value); });
    return all;
  }

  RuleTest test(const FileNode& node) {
    RuleTest test;
    const auto event = [&](const FileNode& n) { fields(n, "an event"), test.event = n; };
    const Key keys[] = {name(test.name, "a test's name"),
                        {"topic", [&](const FileNode& n) { test.topic = form_.text(n, "the topic"); }, kRequired},
                        {"event", event, kRequired},
                        {"tables", [&](const FileNode& n) { tables(n, test.tables); }},
                        {"expect", [&](const FileNode& n) { expect(n, test); }, kRequired}};
    form_.map(node, "a test", keys);
    if (!test.name.value.empty()) {
      const auto [first, is_new] = names_.emplace(test.name.value, test.name.at());
      if (!is_new) form_.error(test.name.at(), "the name '" + test.name.value + "' is taken by a test in line " + std::to_string(first->second.line));
    }
    return test;
  }
  void tables(const FileNode& node, std::vector<TableRow>& rows) {
    form_.entries(node, "tables", [&](const PlacedText& table, const FileNode& of_table) {
      form_.entries(of_table, "a table", [&](const PlacedText& key, const FileNode& row) { rows.push_back({table, key, fields(row, "a row")}); });
    });
  }
  void expect(const FileNode& node, RuleTest& test) {
    std::vector<Position> fates;
    const auto rejected = [&](const FileNode& n) { fates.push_back(n.at), test.rejected = rejection(n); };
    const auto dropped = [&](const FileNode& n) {
      fates.push_back(n.at);
      const bool any = n.kind == FileNode::Kind::kText && !n.quoted && n.text.value == "true";
      test.dropped = any ? PlacedText{"", n.text.anchors} : form_.name(n, "the rule that drops it (or true)");
    };
    const auto alerts = [&](const FileNode& n) {
      test.alerts.emplace();
      form_.list(n, "alerts", [&](const FileNode& part) { test.alerts->push_back(alert(part)); });
    };
    const auto meters = [&](const FileNode& n) {
      test.meters.emplace();
      form_.list(n, "meters", [&](const FileNode& part) { test.meters->push_back(meter(part)); });
    };
    const Key keys[] = {{"output", [&](const FileNode& n) { fates.push_back(n.at), test.output = fields(n, "output"); }},
                        {"rejected", rejected},
                        {"dropped", dropped},
                        {"alerts", alerts},
                        {"meters", meters}};
    form_.map(node, "what is expected", keys);
    if (fates.size() > 1) form_.error(fates[1], "an event has one fate: output, rejected or dropped");
    if ((test.rejected || test.dropped) && ((test.alerts && !test.alerts->empty()) || (test.meters && !test.meters->empty())))
      form_.error(node.at, "what is rejected or dropped raises no alert and isn't metered");
  }
  ExpectedRejection rejection(const FileNode& node) {
    ExpectedRejection rejection;
    const Key keys[] = {{"rule", [&](const FileNode& n) { rejection.rule = form_.text(n, "the rule that rejects it"); }, kRequired},
                        {"reason", [&](const FileNode& n) { rejection.reason = form_.text(n, "a part of the reason", kTextMax).value; }}};
    form_.map(node, "rejected", keys);
    return rejection;
  }
  ExpectedAlert alert(const FileNode& node) {
    ExpectedAlert alert;
    const auto severity = [&](const FileNode& n) {
      if (const auto word = form_.word(n, "severity", kSeverities)) alert.severity = static_cast<Severity>(*word);
    };
    const auto key = [&](const FileNode& n) {
      if (n.kind == FileNode::Kind::kText)
        alert.key = n.text.value;
      else
        form_.error(n.at, "the key of an alert is a text or a number");
    };
    const Key keys[] = {name(alert.name, "an alert's name"),
                        {"severity", severity},
                        {"title", [&](const FileNode& n) { alert.title = form_.text(n, "the title", kTextMax).value; }},
                        {"key", key},
                        {"fields", [&](const FileNode& n) { alert.fields = fields(n, "fields"); }}};
    form_.map(node, "an expected alert", keys);
    return alert;
  }
  ExpectedMeter meter(const FileNode& node) {
    ExpectedMeter meter;
    const auto value = [&](const FileNode& n) {
      if (n.kind == FileNode::Kind::kText)
        meter.value = n;
      else
        form_.error(n.at, "the value of a meter is a number");
    };
    const Key keys[] = {name(meter.name, "a meter's name"), {"value", value}};
    form_.map(node, "an expected meter", keys);
    return meter;
  }

  FileForm& form_;
  std::map<std::string, Position> names_;
};

}  // namespace

std::expected<std::vector<RuleTest>, FileDiagnostics> read_rule_tests(std::string_view file) {
  auto tree = read_rule_file(file);
  if (!tree) return std::unexpected(FileDiagnostics{tree.error()});
  FileForm form;
  std::vector<RuleTest> tests = RuleTestReader(form).tests(*tree);
  if (!form.errors().empty()) return std::unexpected(std::move(form.errors()));
  return tests;
}

}  // namespace millrace::rules

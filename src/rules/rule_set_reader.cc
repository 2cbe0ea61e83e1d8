// The form of a rule set, key by key.
#include <map>

#include "rules/rule_set.h"

namespace millrace::rules {
namespace {

using enum FileForm::Need;
using Key = FileForm::Key;

constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};
constexpr std::string_view kMaskings[] = {"stars", "hmac", "url_without_query"};
constexpr std::string_view kWindows[] = {"hour", "day", "month"};

class RuleSetReader {
 public:
  explicit RuleSetReader(FileForm& form) : form_(form) {}

  RuleSet set(const FileNode& root) {
    RuleSet set;
    const Key keys[] = {{"tenant", [&](const FileNode& n) { set.tenant = tenant(n); }, kRequired},
                        {"topics", [&](const FileNode& n) { topics(n, set.topics); }, kRequired}};
    form_.map(root, "a rule set", keys);
    return set;
  }

 private:
  // A FileForm::Key that reads an expression; without one, the rule isn't made.
  Key expression(std::string_view key, const std::string& what, Expression& out, FileForm::Need need = kRequired) {
    return {key,
            [this, what, &out](const FileNode& n) {
              if (auto read = form_.expression(n, what)) out = std::move(*read);
            },
            need};
  }
  Key optional_expression(std::string_view key, const std::string& what, std::optional<Expression>& out) {
    return {key, [this, what, &out](const FileNode& n) { out = form_.expression(n, what); }};
  }
  // Rules of one topic are told apart by their names, whatever their kind: dead letters, counts and alerts name them.
  Key name(PlacedText& out) {
    return {"name",
            [this, &out](const FileNode& n) {
              out = form_.name(n, "a rule's name");
              if (out.value.empty()) return;
              const auto [first, is_new] = names_.emplace(out.value, out.at());
              if (!is_new)
                form_.error(out.at(), "the name '" + out.value + "' is taken by a rule of this topic, in line " + std::to_string(first->second.line));
            },
            kRequired};
  }

  PlacedText tenant(const FileNode& node) {
    PlacedText text = form_.text(node, "the tenant", 128);
    for (const char c : text.value) {
      if (static_cast<unsigned char>(c) > ' ' && c != 0x7F) continue;
      form_.error(text.at(), "the tenant has no spaces in it");
      break;
    }
    return text;
  }
  void topics(const FileNode& node, std::vector<TopicRules>& topics) {
    form_.entries(node, "topics", [&](const PlacedText& topic, const FileNode& rules) {
      topics.push_back(this->topic(topic, rules));
      if (topics.back().rules() > kRulesMax) {
        form_.error(topic.at(), topic.value + " has " + std::to_string(topics.back().rules()) + " rules; at most " + std::to_string(kRulesMax) + " are run");
      }
    });
  }

  TopicRules topic(const PlacedText& topic, const FileNode& node) {
    TopicRules rules;
    rules.topic = topic;
    names_.clear();
    const auto each = [&](std::string_view key, auto& into, auto read) {
      return Key{key, [this, key, &into, read](const FileNode& n) {
                   form_.list(n, std::string(key), [&](const FileNode& part) { into.push_back((this->*read)(part)); });
                 }};
    };
    const Key keys[] = {each("validate", rules.validate, &RuleSetReader::validate),
                        each("drop", rules.drop, &RuleSetReader::drop),
                        {"sample", [&](const FileNode& n) { rules.sample = sample(n); }},
                        each("enrich", rules.enrich, &RuleSetReader::enrich),
                        {"set", [&](const FileNode& n) { set_fields(n, rules.set); }},
                        {"rename", [&](const FileNode& n) { rename(n, rules.rename); }},
                        each("remove", rules.remove, &RuleSetReader::removed),
                        each("mask", rules.mask, &RuleSetReader::mask),
                        each("alert", rules.alert, &RuleSetReader::alert),
                        each("meter", rules.meter, &RuleSetReader::meter)};
    form_.map(node, "a topic", keys);
    return rules;
  }

  ValidateRule validate(const FileNode& node) {
    ValidateRule rule;
    const Key keys[] = {name(rule.name), expression("that", "what must hold", rule.that), {"message", [&](const FileNode& n) {
                                                                                             rule.message = form_.text(n, "a message", 500).value;
                                                                                           }}};
    form_.map(node, "a rule of validate", keys);
    return rule;
  }
  DropRule drop(const FileNode& node) {
    DropRule rule;
    const Key keys[] = {name(rule.name), expression("when", "the condition", rule.when)};
    form_.map(node, "a rule of drop", keys);
    return rule;
  }
  SampleRule sample(const FileNode& node) {
    SampleRule rule;
    rule.at = node.at;
    const Key keys[] = {expression("key", "the key of sample", rule.key), {"keep", [&](const FileNode& n) { keep(n, rule.keep); }, kRequired}};
    form_.map(node, "sample", keys);
    return rule;
  }
  void keep(const FileNode& node, double& keep) {
    const auto value = form_.number(node, "keep");
    if (!value) return;
    if (*value > 0 && *value <= 1)
      keep = *value;
    else
      form_.error(node.at, "keep is the part of the keys that stays, above 0 and up to 1; this is " + excerpt(node.text.value));
  }
  EnrichRule enrich(const FileNode& node) {
    EnrichRule rule;
    const auto fields = [&](const FileNode& n) {
      form_.entries(n, "fields", [&](const PlacedText& field, const FileNode& of) {
        if (!form_.is_field_name(field, "what is new")) return;
        if (PlacedText from = form_.field_name(of, "a table's field"); !from.value.empty()) rule.fields.emplace_back(field, std::move(from));
      });
    };
    const Key keys[] = {{"table", [&](const FileNode& n) { rule.table = form_.name(n, "a table"); }, kRequired},
                        expression("key", "the key of enrich", rule.key),
                        {"fields", fields, kRequired}};
    form_.map(node, "a rule of enrich", keys);
    return rule;
  }
  void set_fields(const FileNode& node, std::vector<SetRule>& set) {
    form_.entries(node, "set", [&](const PlacedText& field, const FileNode& value) {
      const bool good = form_.is_field_name(field, "what is set");
      auto read = form_.expression(value, "the value of '" + excerpt(field.value) + "'");
      if (good && read) set.push_back({field, std::move(*read)});
    });
  }
  void rename(const FileNode& node, std::vector<RenameRule>& rename) {
    form_.entries(node, "rename", [&](const PlacedText& from, const FileNode& value) {
      const bool good = form_.is_field_name(from, "what is renamed");
      PlacedText to = form_.field_name(value, "the new name");
      if (good && !to.value.empty()) rename.push_back({from, std::move(to)});
    });
  }
  PlacedText removed(const FileNode& node) { return form_.field_name(node, "what is removed"); }

  MaskRule mask(const FileNode& node) {
    MaskRule rule;
    if (node.kind == FileNode::Kind::kText) return rule.field = form_.field_name(node, "what is masked"), rule;
    std::optional<Position> keep_last;
    const auto with = [&](const FileNode& n) {
      if (const auto word = form_.word(n, "with", kMaskings)) rule.with = static_cast<Masking>(*word);
    };
    const auto last = [&](const FileNode& n) { keep_last = n.at, rule.keep_last = form_.whole_number(n, "keep_last", 1000).value_or(0); };
    const Key keys[] = {
        {"field", [&](const FileNode& n) { rule.field = form_.field_name(n, "what is masked"); }, kRequired}, {"with", with}, {"keep_last", last}};
    form_.map(node, "a rule of mask", keys);
    if (keep_last && rule.with != Masking::kStars) form_.error(*keep_last, "keep_last goes with stars only, not with " + std::string(word(rule.with)));
    return rule;
  }
  AlertRule alert(const FileNode& node) {
    AlertRule rule;
    const auto severity = [&](const FileNode& n) {
      if (const auto word = form_.word(n, "severity", kSeverities)) rule.severity = static_cast<Severity>(*word);
    };
    const auto fields = [&](const FileNode& n) {
      form_.list(n, "fields", [&](const FileNode& part) {
        if (PlacedText field = form_.field_name(part, "what is carried along"); !field.value.empty()) rule.fields.push_back(std::move(field));
      });
    };
    const Key keys[] = {name(rule.name),
                        expression("when", "the condition", rule.when),
                        {"severity", severity, kRequired},
                        expression("title", "the title", rule.title),
                        optional_expression("key", "the key of an alert", rule.key),
                        {"fields", fields}};
    form_.map(node, "a rule of alert", keys);
    return rule;
  }
  MeterRule meter(const FileNode& node) {
    MeterRule rule;
    const auto window = [&](const FileNode& n) {
      if (const auto word = form_.word(n, "window", kWindows)) rule.window = static_cast<Window>(*word);
    };
    const Key keys[] = {name(rule.name),
                        optional_expression("when", "the condition", rule.when),
                        expression("value", "the value of a meter", rule.value),
                        {"unit", [&](const FileNode& n) { rule.unit = form_.unit(n, "a unit"); }, kRequired},
                        {"window", window, kRequired}};
    form_.map(node, "a rule of meter", keys);
    return rule;
  }

  FileForm& form_;
  std::map<std::string, Position> names_;  // of this topic's rules
};

}  // namespace

std::expected<RuleSet, FileDiagnostics> read_rule_set(std::string_view file) {
  auto tree = read_rule_file(file, {.bytes_max = kRuleSetBytesMax});
  if (!tree) return std::unexpected(FileDiagnostics{tree.error()});
  FileForm form;
  RuleSet set = RuleSetReader(form).set(*tree);
  if (!form.errors().empty()) return std::unexpected(std::move(form.errors()));
  return set;
}

size_t TopicRules::rules() const {
  size_t fields = 0;
  for (const EnrichRule& rule : enrich) fields += rule.fields.size();
  return validate.size() + drop.size() + (sample ? 1 : 0) + fields + set.size() + rename.size() + remove.size() + mask.size() + alert.size() + meter.size();
}
size_t RuleSet::rules() const {
  size_t all = 0;
  for (const TopicRules& topic : topics) all += topic.rules();
  return all;
}

std::string_view word(Severity severity) { return kSeverities[static_cast<size_t>(severity)]; }
std::string_view word(Masking masking) { return kMaskings[static_cast<size_t>(masking)]; }
std::string_view word(Window window) { return kWindows[static_cast<size_t>(window)]; }

}  // namespace millrace::rules

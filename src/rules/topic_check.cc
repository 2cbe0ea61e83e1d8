#include "rules/topic_check.h"

#include <algorithm>

#include "rules/column_of.h"
#include "rules/columns_used.h"
#include "rules/parser.h"
#include "rules/rule_cost.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

constexpr TypeKind kKeys[] = {TypeKind::kString, TypeKind::kInt, TypeKind::kUint};
// With values below 10^18, an epoch of 10^8 records sums up to less than the 38 digits that an exact sum has.
constexpr int kMeterScaleMax = 12;
constexpr TypeKind kAmounts[] = {TypeKind::kInt, TypeKind::kUint, TypeKind::kDecimal};

// "a.b" of a chain of names, "" of anything else.
std::string path_of(const Ast& ast, NodeId id) {
  const Node& node = ast.node(id);
  const std::string text(ast.text(id));
  if (node.kind == NodeKind::kName || (node.kind == NodeKind::kHas && node.child_count == 0)) return text.substr(text.starts_with('.'));
  if (node.kind != NodeKind::kSelect && node.kind != NodeKind::kHas) return "";
  const std::string operand = path_of(ast, ast.child(id, 0));
  return operand.empty() ? "" : operand + "." + text;
}

}  // namespace

TopicCheck::TopicCheck(const TopicRules& rules, const TopicVersion& version, std::span<const ReferenceTable> tables, const Widened& widened)
    : rules_(rules), tables_(tables), widened_(widened) {
  topic_.topic = rules.topic.value, topic_.version = version.label;
  topic_.columns = version.columns, topic_.event_columns = version.columns.size();
  leaves_ = leaves_of(version.columns, version.bytes_columns);
  event_.record = record_of(topic_.topic, leaves_);
  event_.tables.assign(tables.begin(), tables.end());
  all_ = event_;
}

CheckedTopic TopicCheck::run() {
  for (const EnrichRule& rule : rules_.enrich) {
    for (const auto& [field, from] : rule.fields) later_.insert(field.value);
  }
  for (const SetRule& rule : rules_.set) {
    if (column(rule.field.value) < 0) later_.insert(rule.field.value);
  }
  conditions();
  for (const EnrichRule& rule : rules_.enrich) enrich(rule);
  for (const SetRule& rule : rules_.set) set(rule);
  later_.clear();
  for (const RenameRule& rule : rules_.rename) rename(rule);
  for (const PlacedText& field : rules_.remove) remove(field);
  for (const MaskRule& rule : rules_.mask) mask(rule);
  for (const AlertRule& rule : rules_.alert) alert(rule);
  for (const MeterRule& rule : rules_.meter) meter(rule);
  deliver();
  std::ranges::stable_sort(topic_.rules, {}, [](const CheckedRule& rule) { return std::pair(rule.stage, rule.level); });
  for (CheckedRule& rule : topic_.rules) {
    for (const auto* expression : {&rule.when, &rule.value, &rule.key, &rule.title}) rule.cost += *expression ? cost_of(**expression) : 0;
    for (const auto& [field, expression] : rule.fields) rule.cost += cost_of(expression);
    topic_.cost += rule.cost;
  }
  return std::move(topic_);
}

CheckedRule& TopicCheck::add(Stage stage, RuleKind kind, std::string name, Position at) {
  CheckedRule& rule = topic_.rules.emplace_back();
  rule.stage = stage, rule.kind = kind, rule.name = std::move(name), rule.at = at;
  return rule;
}

std::vector<std::pair<Span, std::string>> TopicCheck::not_yet_there(const Ast& ast) const {
  std::vector<std::pair<Span, std::string>> found;
  for (NodeId id = 0; id < ast.size() && !later_.empty(); ++id) {
    const std::string path = path_of(ast, id);
    if (!path.empty() && later_.contains(path)) found.emplace_back(ast.node(id).name, path);
  }
  for (NodeId id = 0; id < ast.size(); ++id) {
    if (ast.node(id).kind == NodeKind::kComprehension) std::erase_if(found, [&](const auto& f) { return f.second == ast.text(id); });
  }
  return found;
}

std::optional<Checked> TopicCheck::checked(const Expression& expression, const Environment& environment, std::optional<TypeKind> wanted) {
  const auto early = not_yet_there(expression.ast);
  for (const auto& [span, field] : early) {
    error(expression.text.at(span.begin), "'" + field + "' isn't there yet: " +
                                              (&environment == &event_ ? "validate, drop and sample see the event as it came"
                                                                       : "a field is derived from those above it, and enrich comes before set"));
  }
  auto result = check(expression.ast, environment, {.wanted = wanted});
  if (result && early.empty()) return std::move(*result);
  if (!result) {
    for (const Diagnostic& diagnostic : result.error()) {
      if (std::ranges::none_of(early, [&](const auto& e) { return e.first == diagnostic.span; }))
        error(expression.text.at(diagnostic.span.begin), diagnostic.message);
    }
  }
  return std::nullopt;
}

std::optional<Checked> TopicCheck::one_of(const Expression& expression, const Environment& environment, const std::string& what,
                                          std::span<const TypeKind> kinds) {
  auto result = checked(expression, environment);
  if (!result || result->type().is(TypeKind::kError)) return std::nullopt;
  const Type& type = result->type();
  const bool good = std::ranges::find(kinds, type.kind) != kinds.end();
  if (good && !type.nullable) return result;
  std::string words;
  for (const TypeKind kind : kinds) {
    const std::string name = kind == TypeKind::kDecimal ? "decimal" : to_string(simple(kind));
    words += (words.empty() ? "" : kind == kinds.back() ? " or " : ", ") + name;
  }
  const std::string text = excerpt(unparse(expression.ast), 60);
  error(expression.text.at(),
        what + " is " + words + (good ? ", and " + text + " may be null: give a value for null (" + text + ".orValue(…))" : "; this is " + to_string(type)));
  return std::nullopt;
}

std::optional<Checked> TopicCheck::lowered(const std::string& text, Position at) {
  auto ast = parse(text);
  auto result = ast ? check(std::move(*ast), all_) : std::unexpected(ast.error());
  if (result) return std::move(*result);
  error(at, result.error().front().message);
  return std::nullopt;
}

void TopicCheck::conditions() {
  for (const ValidateRule& rule : rules_.validate) {
    CheckedRule& to = add(Stage::kCheck, RuleKind::kValidate, rule.name.value, rule.name.at());
    to.when = checked(rule.that, event_, TypeKind::kBool), to.message = rule.message;
  }
  for (const DropRule& rule : rules_.drop)
    add(Stage::kDrop, RuleKind::kDrop, rule.name.value, rule.name.at()).when = checked(rule.when, event_, TypeKind::kBool);
  if (rules_.sample) {
    CheckedRule& to = add(Stage::kSample, RuleKind::kSample, "sample", rules_.sample->at);
    to.key = one_of(rules_.sample->key, event_, "the key of sample", kKeys), to.keep = rules_.sample->keep;
  }
}

void TopicCheck::enrich(const EnrichRule& rule) {
  const auto table = std::ranges::find(tables_, rule.table.value, &ReferenceTable::name);
  if (table == tables_.end()) {
    std::vector<std::string_view> names;
    for (const ReferenceTable& other : tables_) names.push_back(other.name);
    error(rule.table.at(), "there is no reference table '" + rule.table.value + "'" + did_you_mean(rule.table.value, names));
  }
  auto key = checked(rule.key, all_);
  if (key && table != tables_.end() && !key->type().is(TypeKind::kError) && not_null(key->type()) != table->key) {
    error(rule.key.text.at(), "the key of '" + table->name + "' is " + to_string(table->key) + "; this is " + to_string(key->type()));
    key.reset();
  }
  for (const auto& [field, from] : rule.fields) {
    std::optional<Checked> value;
    if (table != tables_.end() && table->row->find(from.value) == nullptr) {
      std::vector<std::string_view> names;
      for (const Field& other : table->row->fields) names.push_back(other.name);
      error(from.at(), table->name + " has no field '" + excerpt(from.value) + "'" + did_you_mean(from.value, names));
    } else if (key && table != tables_.end()) {
      value = lowered("lookup(\"" + table->name + "\", " + unparse(rule.key.ast) + ")." + from.value, rule.key.text.at());
    }
    if (is_new(field)) derive(RuleKind::kEnrich, field, std::move(value), from.at());
  }
}

void TopicCheck::set(const SetRule& rule) {
  const int32_t existing = column(rule.field.value);
  if (existing >= 0 && static_cast<size_t>(existing) < topic_.event_columns) return overwrite(rule, existing);
  auto value = checked(rule.value, all_);
  if (is_new(rule.field)) derive(RuleKind::kSet, rule.field, std::move(value), rule.value.text.at());
}

void TopicCheck::derive(RuleKind kind, const PlacedText& field, std::optional<Checked> value, Position value_at) {
  later_.erase(field.value);
  if (value && value->type().is(TypeKind::kError)) value.reset();  // told where that comes from
  Field leaf{field.value, value ? value->type() : simple(TypeKind::kError), -1};
  if (const auto wider = widened_.find(field.value); value && wider != widened_.end()) {
    leaf.type = wider->second, leaf.type.nullable = value->type().nullable;
  }
  derived_.emplace(field.value, Derived{field.at(), leaf.type});
  if (value) {
    const auto type = column_of(leaf.type);
    if (!type) error(value_at, type.error()), leaf.type = simple(TypeKind::kError);
    for (const int32_t used : type ? columns_used(*value) : std::set<int32_t>()) {
      const auto overwritten = std::ranges::find(outputs_, topic_.columns[static_cast<size_t>(used)].name, &Output::field);
      if (overwritten != outputs_.end())
        error(value_at, "'" + overwritten->field + "' is set anew in line " + std::to_string(overwritten->at.line) +
                            ", and this would see it as it came: derive a new field, and use that in both");
    }
    if (type) {
      leaf.column = static_cast<int32_t>(topic_.columns.size());
      topic_.columns.push_back({field.value, *type});
      CheckedRule& rule = add(Stage::kDerive, kind, field.value, field.at());
      rule.level = 1, rule.column = leaf.column;
      for (const int32_t used : columns_used(*value)) {
        if (const auto level = levels_.find(used); level != levels_.end()) rule.level = std::max(rule.level, level->second + 1);
      }
      levels_[leaf.column] = rule.level;
      rule.value = std::move(value);
    }
  }
  leaves_.push_back(std::move(leaf));
  all_.record = record_of(topic_.topic, leaves_);
}

void TopicCheck::alert(const AlertRule& rule) {
  CheckedRule to;
  to.when = checked(rule.when, all_, TypeKind::kBool);
  to.title = checked(rule.title, all_, TypeKind::kString);
  if (rule.key) to.key = one_of(*rule.key, all_, "the key of an alert", kKeys);
  for (const PlacedText& field : rule.fields) {
    if (std::ranges::count(to.fields, field.value, [](const auto& f) { return f.first; }) > 0) {
      error(field.at(), "'" + field.value + "' stands here twice");
    } else if (const std::string text = delivered(field); !text.empty()) {
      if (auto value = lowered(text, field.at())) to.fields.emplace_back(field.value, std::move(*value));
    }
  }
  to.stage = Stage::kAlert, to.kind = RuleKind::kAlert, to.name = rule.name.value, to.at = rule.name.at(), to.severity = rule.severity;
  topic_.rules.push_back(std::move(to));
}

void TopicCheck::meter(const MeterRule& rule) {
  CheckedRule& to = add(Stage::kMeter, RuleKind::kMeter, rule.name.value, rule.name.at());
  if (rule.when) to.when = checked(*rule.when, all_, TypeKind::kBool);
  to.value = one_of(rule.value, all_, "the value of a meter", kAmounts);
  if (to.value && to.value->type().scale > kMeterScaleMax)
    error(rule.value.text.at(), "the value of a meter has at most " + std::to_string(kMeterScaleMax) + " digits behind the point; this is " +
                                    to_string(to.value->type()) + ": decimal(x, " + std::to_string(kMeterScaleMax) + ") rounds it");
  to.unit = rule.unit.value, to.window = rule.window;
}

}  // namespace millrace::rules

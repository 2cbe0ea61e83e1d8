#include "pipeline/transform/compiled_rules.h"

#include "rules/columns_used.h"
#include "rules/unparse.h"

namespace millrace::pipeline {

namespace {

// A lookup's field is a column of the table, not of the rows.
bool is_field_of_lookup(const rules::Checked& checked, rules::NodeId id) {
  const rules::Node& node = checked.ast.node(id);
  if (node.kind != rules::NodeKind::kSelect && node.kind != rules::NodeKind::kHas) return false;
  return node.child_count == 1 && checked.resolved[checked.ast.child(id, 0)].table >= 0;
}

// From the numbers of one tenant's set to those of MadeColumns.
void renumber(rules::Checked& checked, size_t event_columns, const std::vector<uint32_t>& made) {
  for (rules::NodeId id = 0; id < checked.ast.size(); ++id) {
    int32_t& column = checked.resolved[id].column;
    if (column < static_cast<int32_t>(event_columns) || is_field_of_lookup(checked, id)) continue;
    column = static_cast<int32_t>(event_columns + made[static_cast<size_t>(column) - event_columns]);
  }
}

}  // namespace

uint32_t MadeColumns::number_of(const columns::NamedType& column) {
  for (size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i] == column) return static_cast<uint32_t>(i);
  columns_.push_back(column);
  return static_cast<uint32_t>(columns_.size() - 1);
}

Result<CompiledPart> RuleCompiler::part(rules::Checked& checked, size_t event_columns, const std::vector<uint32_t>& made, const std::string& rule) {
  CompiledPart part;
  part.text = rules::unparse(checked.ast);
  for (const int32_t column : rules::columns_used(checked)) {
    if (column < 0) continue;
    const auto number = static_cast<size_t>(column);
    if (number < event_columns)
      part.columns.push_back(static_cast<uint32_t>(number));
    else
      part.made.push_back(made[number - event_columns]);
  }
  renumber(checked, event_columns, made);
  auto compiled = rules::compile(checked);
  if (!compiled) return permanent("rule '" + rule + "': " + rules::to_string(compiled.error(), part.text));
  auto& held = programs_[compiled->program->shape()];
  part.program = held.lock();
  if (!part.program) held = part.program = compiled->program;
  part.parameters = std::move(compiled->parameters);
  return part;
}

Result<CompiledTopic> RuleCompiler::compile(rules::CheckedTopic topic) {
  CompiledTopic compiled;
  for (const columns::NamedType& column : topic.made_columns()) compiled.made.push_back(made_.number_of(column));
  for (rules::CheckedRule& checked : topic.rules) {
    CompiledRule rule;
    rule.stage = checked.stage, rule.kind = checked.kind, rule.level = checked.level, rule.clears = checked.clears;
    rule.name = std::move(checked.name), rule.message = std::move(checked.message), rule.unit = std::move(checked.unit);
    rule.keep = checked.keep, rule.severity = checked.severity, rule.window = checked.window;
    if (checked.column >= 0 && static_cast<size_t>(checked.column) < topic.event_columns)
      rule.event_column = checked.column;
    else if (checked.column >= 0)
      rule.made_column = static_cast<int32_t>(compiled.made[static_cast<size_t>(checked.column) - topic.event_columns]);
    rule.shape = std::to_string(static_cast<int>(rule.stage)) + ' ' + std::to_string(static_cast<int>(rule.kind)) + ' ' + std::to_string(rule.level) + ' ' +
                 std::to_string(rule.event_column) + ' ' + std::to_string(rule.made_column) + (rule.clears ? " clears" : "");
    const auto take = [&](std::optional<rules::Checked>& from, std::optional<CompiledPart>& to, const char* role) -> Status {
      if (!from) return {};
      auto made = part(*from, topic.event_columns, compiled.made, rule.name);
      if (!made) return std::unexpected(made.error());
      compiled.needs_key |= made->program->needs_key();
      rule.shape += '\n';
      rule.shape += role;
      rule.shape += made->program->shape();
      to = std::move(*made);
      return {};
    };
    for (auto taken : {take(checked.when, rule.when, "when "), take(checked.value, rule.value, "value "), take(checked.key, rule.key, "key "),
                       take(checked.title, rule.title, "title ")})
      if (!taken) return std::unexpected(taken.error());
    for (auto& [name, field] : checked.fields) {
      std::optional<rules::Checked> from = std::move(field);
      std::optional<CompiledPart> to;
      if (auto taken = take(from, to, (name + " ").c_str()); !taken) return std::unexpected(taken.error());
      rule.fields.emplace_back(std::move(name), std::move(*to));
    }
    compiled.rules.push_back(std::move(rule));
  }
  return compiled;
}

}  // namespace millrace::pipeline

#include "services/catalog/rule_check.h"

#include <algorithm>

#include "avro/utf8.h"
#include "rules/kernels/compile_check.h"
#include "rules/rule_set.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;

std::string file_of(const std::string& tenant) { return tenant == rules::kDefaultTenant ? "default" : tenant; }

Refusal wrong(const rules::FileDiagnostics& diagnostics, const std::string& tenant) {
  std::vector<UploadError> errors;
  for (const auto& diagnostic : diagnostics) errors.push_back({diagnostic.at.line, diagnostic.at.column, diagnostic.message});
  return wrong_upload(std::move(errors), file_of(tenant));
}

using Uses = std::map<std::string, TableUse>;

void add_uses(const rules::Checked& checked, const std::vector<rules::ReferenceTable>& tables, const CatalogContents& contents, Uses& uses) {
  const rules::Ast& ast = checked.ast;
  const auto table_of = [&](rules::NodeId id) -> TableUse* {
    const int32_t index = checked.resolved[id].table;
    if (index < 0) return nullptr;
    const std::string& name = tables[static_cast<size_t>(index)].name;
    TableUse& use = uses[name];
    use.table = name, use.key_type = rules::to_string(tables[static_cast<size_t>(index)].key);
    return &use;
  };
  for (rules::NodeId id = 0; id < ast.size(); ++id) {
    table_of(id);
    const bool selects = ast.node(id).kind == rules::NodeKind::kSelect || ast.node(id).kind == rules::NodeKind::kHas;
    if (!selects || ast.node(id).child_count == 0 || checked.resolved[id].column < 0) continue;
    if (TableUse* use = table_of(ast.child(id, 0))) {
      const TableColumn& column = contents.tables.find(use->table)->second->definition.columns[static_cast<size_t>(checked.resolved[id].column)];
      use->columns[column.name] = type_text(column.type);
    }
  }
}

// The columns of all versions; a field that is delivered under another name may have another type in each.
void add_derived(const rules::CheckedTopic& topic, std::vector<DerivedColumns>& derived, std::vector<UploadError>& errors) {
  const auto made = topic.made_columns();
  if (made.empty()) return;
  auto at = std::ranges::find(derived, topic.topic, &DerivedColumns::topic);
  if (at == derived.end()) at = derived.insert(at, {topic.topic, {}});
  for (const auto& column : made) {
    const auto there = std::ranges::find(at->columns, column.name, &columns::NamedType::name);
    if (there == at->columns.end())
      at->columns.push_back(column);
    else if (there->type != column.type)
      errors.push_back({0, 0,
                        topic.topic + ": '" + column.name + "' is " + columns::to_string(column.type) + " with " + topic.version + " and " +
                            columns::to_string(there->type) + " with an older one: a column has one type"});
  }
}

}  // namespace

Decided<rules::RuleSet> read_rules(const std::string& text, const std::string& tenant) {
  if (text.size() > rules::kRuleSetBytesMax)
    return std::unexpected(Refusal{413, "a rule set has at most " + std::to_string(rules::kRuleSetBytesMax >> 10) + " KiB"});
  if (!avro::valid_utf8(reinterpret_cast<const uint8_t*>(text.data()), text.size())) return std::unexpected(Refusal{400, "the rule set isn't UTF-8"});
  auto set = rules::read_rule_set(text);
  if (!set) return std::unexpected(wrong(set.error(), tenant));
  if (set->tenant.value != tenant)
    return std::unexpected(wrong({{set->tenant.at(), "this is the rule set of '" + set->tenant.value + "', and was sent for '" + tenant + "'"}}, tenant));
  return std::move(*set);
}

Decided<std::shared_ptr<const RuleSetSource>> check_rules(const std::string& text, const rules::RuleSet& set, rules::RuleSurroundings surroundings,
                                                          const CatalogContents& contents) {
  for (const auto& [name, table] : contents.tables) surroundings.tables.push_back(reference_table(name, table->definition));
  const auto checked = rules::check_rule_set(set, surroundings);
  if (!checked) return std::unexpected(wrong(checked.error(), set.tenant.value));
  if (const auto uncompiled = rules::not_to_be_compiled(*checked); !uncompiled.empty()) return std::unexpected(wrong(uncompiled, set.tenant.value));
  auto source = std::make_shared<RuleSetSource>();
  source->text = text;
  source->content_hash = content_hash(text);
  std::vector<UploadError> errors;
  Uses uses;
  for (const rules::CheckedTopic& topic : checked->topics) {
    add_derived(topic, source->derived, errors);
    for (const rules::CheckedRule& rule : topic.rules) {
      for (const auto* expression : {&rule.when, &rule.value, &rule.key, &rule.title})
        if (*expression) add_uses(**expression, surroundings.tables, contents, uses);
      for (const auto& [field, expression] : rule.fields) add_uses(expression, surroundings.tables, contents, uses);
    }
  }
  if (!errors.empty()) return std::unexpected(wrong_upload(std::move(errors), file_of(set.tenant.value)));
  for (auto& [name, use] : uses) source->uses.push_back(std::move(use));
  return source;
}

}  // namespace millrace::catalog

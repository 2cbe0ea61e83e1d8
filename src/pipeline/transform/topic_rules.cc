#include "pipeline/transform/topic_rules.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "base/short_text.h"
#include "rules/derived_columns.h"

namespace millrace::pipeline {

bool is_billable_name(std::string_view tenant) { return !tenant.empty() && tenant.size() <= 1000 && tenant.find('\0') == std::string_view::npos; }

// ---- tenants by name

void TenantIndex::add(std::string_view name, uint32_t tenant) {
  if ((count_ + 1) * 2 > slots_.size()) {
    std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(std::max<size_t>(64, slots_.size() * 2)));
    for (const Slot& slot : before) {
      if (slot.tenant < 0) continue;
      size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].tenant >= 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }
  const uint64_t hash = hash_text(name);
  size_t at = hash & (slots_.size() - 1);
  while (slots_[at].tenant >= 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {hash, tenant};
  if (names_.size() <= tenant) names_.resize(tenant + 1);
  names_[tenant] = name;
  ++count_;
}

int64_t TenantIndex::find(std::string_view name) const {
  if (slots_.empty()) return -1;
  const uint64_t hash = hash_text(name);
  for (size_t at = hash & (slots_.size() - 1); slots_[at].tenant >= 0; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].hash == hash && same_text(names_[static_cast<size_t>(slots_[at].tenant)], name)) return slots_[at].tenant;
  return -1;
}

// ---- bringing tenants together

namespace {

std::optional<RulePart> part_of(const std::optional<CompiledPart>& compiled) {
  if (!compiled) return std::nullopt;
  return RulePart{compiled->program, {}};
}

void mark_read(std::vector<bool>& read, const CompiledPart& part) {
  for (const uint32_t number : part.made) read[number] = true;
}

void add_parameters(std::optional<RulePart>& part, const std::optional<CompiledPart>& of, std::string_view key) {
  if (part) part->parameters.add(of->parameters, part->program->needs_key() ? key : std::string_view());
}

}  // namespace

Result<TopicRulesPtr> TopicRules::make(std::string topic, size_t event_columns, EventColumns known, const MadeColumns& made,
                                       const std::vector<TenantSource>& tenants, std::vector<std::shared_ptr<const rules::ReferenceRows>> tables) {
  auto rules = std::make_shared<TopicRules>();
  rules->topic_ = std::move(topic), rules->event_columns_ = event_columns, rules->known_ = known;
  for (const auto& table : tables) rules->tables_.push_back(table.get());
  rules->tables_held_ = std::move(tables);

  std::vector<rules::TenantColumns> columns;
  for (const TenantSource& tenant : tenants) {
    if (!tenant.rules || tenant.rules->made.empty()) continue;
    columns.push_back({tenant.name, {}});
    for (const uint32_t number : tenant.rules->made) columns.back().columns.push_back(made.at(number));
  }
  auto merged = rules::merge_derived(rules->topic_, columns);
  if (!merged) return permanent(merged.error().front());
  rules->made_ = std::move(*merged);
  rules->made_at_.assign(made.size(), -1);
  rules->read_.assign(made.size(), false);
  for (uint32_t number = 0; number < made.size(); ++number) {
    const auto at = std::ranges::find(rules->made_, made.at(number));
    if (at != rules->made_.end()) rules->made_at_[number] = static_cast<int32_t>(at - rules->made_.begin());
  }
  rules->add_groups(tenants);
  return rules;
}

void TopicRules::add_groups(const std::vector<TenantSource>& tenants) {
  // Groups in the order of their steps; within a step in that of their first appearance.
  std::unordered_map<std::string_view, uint32_t> by_shape;
  std::vector<RuleGroup> unordered;
  for (const TenantSource& source : tenants) {
    const auto tenant = static_cast<uint32_t>(tenants_.size());
    tenants_.push_back({source.name, is_billable_name(source.name), {}, {}});
    index_.add(source.name, tenant);
    if (source.name == rules::kDefaultTenant) default_tenant_ = tenant;
    if (!source.rules) continue;
    held_.push_back(source.rules);
    uint32_t ordinal = 0;
    for (const CompiledRule& rule : source.rules->rules) {
      const auto [at, added] = by_shape.try_emplace(rule.shape, static_cast<uint32_t>(unordered.size()));
      if (added) {
        RuleGroup group{&rule, part_of(rule.when), part_of(rule.value), part_of(rule.key), part_of(rule.title), {}, {}};
        for (const auto& [name, field] : rule.fields) group.fields.push_back({field.program, {}});
        unordered.push_back(std::move(group));
        for (const auto* part : {&rule.when, &rule.value, &rule.key, &rule.title})
          if (*part) mark_read(read_, **part);
        for (const auto& [name, field] : rule.fields) mark_read(read_, field);
        drops_ |= rule.stage == rules::Stage::kDrop || rule.stage == rules::Stage::kSample;
      }
      RuleGroup& group = unordered[at->second];
      add_parameters(group.when, rule.when, source.key), add_parameters(group.value, rule.value, source.key);
      add_parameters(group.key, rule.key, source.key), add_parameters(group.title, rule.title, source.key);
      for (size_t i = 0; i < group.fields.size(); ++i)
        group.fields[i].parameters.add(rule.fields[i].second.parameters, group.fields[i].program->needs_key() ? std::string_view(source.key) : "");
      group.instances.push_back({&rule, tenant, ordinal++});
    }
  }
  std::ranges::stable_sort(unordered, {}, [](const RuleGroup& group) { return std::tuple(group.first->stage, group.first->level); });
  groups_ = std::move(unordered);
  number_uses();
}

void TopicRules::number_uses() {
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    const CompiledRule& first = *groups_[g].first;
    if (steps_.empty() || steps_.back().stage != first.stage || steps_.back().level != first.level) steps_.push_back({first.stage, first.level, g, g, {}});
    steps_.back().groups_end = g + 1;
    RuleGroup& group = groups_[g];
    group.of_everybody = group.instances.size() == tenants_.size();
    for (uint32_t i = 0; i < group.instances.size() && group.of_everybody; ++i) group.of_everybody = group.instances[i].tenant == i;
    if (group.of_everybody) {
      steps_.back().of_everybody.push_back(g);
      continue;
    }
    for (uint32_t i = 0; i < groups_[g].instances.size(); ++i) tenants_[groups_[g].instances[i].tenant].uses.push_back({g, i});
  }
  for (TenantRules& tenant : tenants_) {
    for (const RuleStep& step : steps_)
      tenant.stage_begins.push_back(
          static_cast<uint32_t>(std::ranges::lower_bound(tenant.uses, step.groups_begin, {}, &TenantRules::Use::group) - tenant.uses.begin()));
    tenant.stage_begins.push_back(static_cast<uint32_t>(tenant.uses.size()));
  }
}

const CompiledRule* TopicRules::assigning(uint32_t tenant, int32_t CompiledRule::* column, int32_t number) const {
  for (const RuleGroup& group : groups_) {
    if (group.first->*column != number) continue;
    const auto of = std::ranges::find(group.instances, tenant, &RuleInstance::tenant);
    if (of != group.instances.end()) return of->rule;
  }
  return nullptr;
}

}  // namespace millrace::pipeline

#pragma once
// What all tenants want done with the rows of one topic. Rules of one shape are one group: its programs run once over the rows of all tenants
// that have such a rule, with their literals as columns (rules/kernels/parameter_table.h). Immutable: shared by lanes.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/transform/compiled_rules.h"
#include "rules/kernels/parameter_table.h"
#include "rules/kernels/reference_rows.h"

namespace millrace::pipeline {

// The columns that follow the event's in every block, before those that rules make.
inline constexpr size_t kPositionColumns = 3;  // _partition Int32, _offset Int64, _schema_id Int32

using CompiledTopicPtr = std::shared_ptr<const CompiledTopic>;

struct RulePart {
  std::shared_ptr<const rules::Program> program;
  rules::ParameterTable parameters;
};

// One tenant's rule of a group.
struct RuleInstance {
  const CompiledRule* rule = nullptr;
  uint32_t tenant = 0;   // in TopicRules::tenants
  uint32_t ordinal = 0;  // among the tenant's rules: of several that fail on a row the first is told
};

struct RuleGroup {
  const CompiledRule* first = nullptr;  // what all of them have in common
  std::optional<RulePart> when, value, key, title;
  std::vector<RulePart> fields;
  std::vector<RuleInstance> instances;
  bool of_everybody = false;  // each tenant has one such rule: the instance's number is the tenant's
};

// Where a tenant's rules are: its groups, by stage and level, and its instance in each.
struct TenantRules {
  struct Use {
    uint32_t group, instance;
  };
  std::string name;
  bool billable = false;  // is_billable_name()
  std::vector<Use> uses;
  std::vector<uint32_t> stage_begins;  // in uses, by StageOfRun; one more at the end
};

// The steps of a run over rows: the stages of rules, kDerive by levels.
struct RuleStep {
  rules::Stage stage{};
  uint32_t level = 0;
  uint32_t groups_begin = 0, groups_end = 0;
  std::vector<uint32_t> of_everybody;  // groups; they aren't among the tenants' uses
};

bool is_billable_name(std::string_view tenant);  // what the ledger of billing takes

class TenantIndex {
 public:
  void add(std::string_view name, uint32_t tenant);
  int64_t find(std::string_view name) const;  // -1: unknown

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t tenant = -1;
  };
  std::vector<Slot> slots_;
  std::vector<std::string> names_;  // by tenant
  size_t count_ = 0;
};

// A tenant's set for the topic, or none where it has no rules for it.
struct TenantSource {
  std::string name;
  CompiledTopicPtr rules;
  std::string key;  // of its pseudonyms
};

// Columns of the event that more than rules want to know; -1: it has none.
struct EventColumns {
  int32_t tenant = -1;  // then the default set holds
  int32_t time = -1;    // of a type that event_time_ms_of() knows
};

class TopicRules {
 public:
  // `event_columns`: of the rows, before those of their position. `tenants` may hold kDefaultTenant ("*"). The error: two tenants make columns
  // of one name with different types.
  static Result<std::shared_ptr<const TopicRules>> make(std::string topic, size_t event_columns, EventColumns known, const MadeColumns& made,
                                                        const std::vector<TenantSource>& tenants,
                                                        std::vector<std::shared_ptr<const rules::ReferenceRows>> tables);

  const std::string& topic() const { return topic_; }
  size_t event_columns() const { return event_columns_; }
  int32_t tenant_column() const { return known_.tenant; }                // of the event, -1: it has none, and the default set holds
  int32_t time_column() const { return known_.time; }                    // likewise; -1: it has none
  const std::vector<columns::NamedType>& made() const { return made_; }  // by name
  int32_t made_at(uint32_t number) const { return number < made_at_.size() ? made_at_[number] : -1; }  // of MadeColumns: in made()
  size_t made_numbers() const { return made_at_.size(); }
  const std::vector<RuleGroup>& groups() const { return groups_; }
  const std::vector<RuleStep>& steps() const { return steps_; }
  const TenantRules& tenant(uint32_t index) const { return tenants_[index]; }
  // -1: no set, and no default one.
  int64_t find_tenant(std::string_view name) const {
    const int64_t known = index_.find(name);
    return known >= 0 ? known : default_tenant_;
  }
  int64_t default_tenant() const { return default_tenant_; }
  const std::vector<const rules::ReferenceRows*>& tables() const { return tables_; }
  // Of a step's groups those that a tenant uses.
  std::span<const TenantRules::Use> uses(uint32_t tenant, size_t step) const {
    const TenantRules& of = tenants_[tenant];
    return {of.uses.data() + of.stage_begins[step], of.uses.data() + of.stage_begins[step + 1]};
  }
  bool drops() const { return drops_; }                          // some rule leaves rows out
  bool is_read(uint32_t number) const { return read_[number]; }  // some rule reads this made column
  // The tenant's rule that assigns a column; nullptr: none.
  const CompiledRule* assigning(uint32_t tenant, int32_t CompiledRule::* column, int32_t number) const;

 private:
  void add_groups(const std::vector<TenantSource>& tenants);
  void number_uses();

  std::string topic_;
  size_t event_columns_ = 0;
  EventColumns known_;
  std::vector<columns::NamedType> made_;
  std::vector<int32_t> made_at_;
  std::vector<bool> read_;
  std::vector<RuleGroup> groups_;
  std::vector<RuleStep> steps_;
  std::vector<TenantRules> tenants_;
  TenantIndex index_;
  int64_t default_tenant_ = -1;
  std::vector<const rules::ReferenceRows*> tables_;
  std::vector<std::shared_ptr<const rules::ReferenceRows>> tables_held_;
  std::vector<CompiledTopicPtr> held_;
  bool drops_ = false;
};
using TopicRulesPtr = std::shared_ptr<const TopicRules>;

}  // namespace millrace::pipeline

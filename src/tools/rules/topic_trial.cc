#include "tools/rules/topic_trial.h"

#include <algorithm>

#include "rules/kernels/wide_integer.h"

namespace millrace::rules_tools {
namespace {

using columns::Kind;
using pipeline::RowFate;

// No secret: pseudonyms in trials aren't those of the pipeline.
std::string trial_key(const std::string& tenant) { return "a key for trials, of " + tenant; }

std::vector<FieldValue> fields_of(const columns::Block& rows, size_t event_columns) {
  std::vector<FieldValue> fields;
  for (size_t i = 0; i < rows.column_count(); ++i) {
    if (i >= event_columns && i < event_columns + pipeline::kPositionColumns) continue;
    if (rows.column(i).rows() == 0) break;  // what rules make isn't there yet
    fields.push_back({rows.name(i), rows.column(i).type(), value_of(rows.column(i), 0)});
  }
  return fields;
}

int32_t tenant_column_of(const std::vector<columns::NamedType>& columns, const std::string& name) {
  for (size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == name && (columns[i].type.kind == Kind::kString || columns[i].type.kind == Kind::kLowCardinality)) return static_cast<int32_t>(i);
  return -1;
}

TriedAlert alert_of(const pipeline::RaisedAlert& raised) {
  const pipeline::CompiledRule& rule = *raised.rule.rule;
  TriedAlert alert{rule.name, rule.severity, raised.title, raised.key, rule.key.has_value(), {}};
  for (size_t i = 0; i < rule.fields.size(); ++i) alert.fields.emplace_back(rule.fields[i].first, raised.fields[i]);
  return alert;
}

TriedMeter meter_of(const pipeline::MeteredValue& metered) {
  const pipeline::CompiledRule& rule = *metered.rule.rule;
  return {rule.name, rules::spell_decimal(rules::Int256(metered.value), metered.scale), rule.unit, rule.window};
}

}  // namespace

Result<TopicTrial> TopicTrial::make(const std::string& topic, avro::SchemaPtr reader, std::vector<TenantSet> sets, const std::vector<Table>& tables,
                                    const std::string& tenant_column) {
  TopicTrial trial;
  auto program = avro::DecodeProgram::compile(*reader, *reader);
  if (!program) return permanent(topic + ": " + program.error().reason);
  trial.reader_ = std::move(reader);
  trial.own_ = std::make_shared<const avro::DecodeProgram>(std::move(*program));
  pipeline::RuleCompiler compiler;
  std::vector<pipeline::TenantSource> sources;
  for (TenantSet& set : sets) {
    pipeline::CompiledTopicPtr rules;
    if (set.topic) {
      auto compiled = compiler.compile(std::move(*set.topic));
      if (!compiled) return permanent("tenant " + set.tenant + ", " + topic + ": " + compiled.error().message);
      rules = std::make_shared<const pipeline::CompiledTopic>(std::move(*compiled));
    }
    sources.push_back({tenant_column.empty() ? std::string(rules::kDefaultTenant) : set.tenant, std::move(rules), trial_key(set.tenant)});
  }
  std::vector<std::shared_ptr<const rules::ReferenceRows>> rows;
  for (const Table& table : tables) rows.push_back(table.rows);
  const auto& columns = trial.own_->columns();
  auto rules = pipeline::TopicRules::make(topic, columns.size(), {.tenant = tenant_column_of(columns, tenant_column), .time = -1}, compiler.made(),
                                          std::move(sources), std::move(rows));
  if (!rules) return std::unexpected(rules.error());
  trial.rules_ = std::move(*rules);
  std::vector<columns::NamedType> all = columns;
  all.push_back({"_partition", columns::simple(Kind::kInt32)});
  all.push_back({"_offset", columns::simple(Kind::kInt64)});
  all.push_back({"_schema_id", columns::simple(Kind::kInt32)});
  all.insert(all.end(), trial.rules_->made().begin(), trial.rules_->made().end());
  trial.rows_ = std::make_unique<columns::Block>(std::move(all));
  trial.transform_ = std::make_unique<pipeline::RowTransform>();
  return trial;
}

Tried TopicTrial::run(const avro::DecodeProgram& program, std::string_view bytes, size_t begin) {
  Tried tried;
  columns::Block& rows = *rows_;
  rows.clear();
  if (auto decoded = program.append(bytes, begin, rows); !decoded) {
    tried.fate = RowFate::kRejected, tried.rejection = std::move(decoded.error());
    return tried;
  }
  const size_t event_columns = rules_->event_columns();
  rows.column(event_columns).append<int32_t>(0), rows.column(event_columns + 1).append<int64_t>(0), rows.column(event_columns + 2).append<int32_t>(0);
  rows.end_row();
  tried.event = fields_of(rows, event_columns);
  const auto& outcome = transform_->run(*rules_, rows, 0);
  tried.fate = outcome.fates[0];
  if (outcome.tenants[0] != pipeline::kNoTenant) tried.tenant = rules_->tenant(outcome.tenants[0]).name;
  if (!outcome.rejections.empty()) tried.rejection = outcome.rejections[0].rejection;
  if (tried.fate == RowFate::kSampledOut) tried.dropped_by = "sample";
  if (!outcome.drops.empty()) tried.dropped_by = outcome.drops[0].rule.rule->name;
  if (tried.fate == RowFate::kDelivered) tried.delivered = fields_of(rows, event_columns);
  for (const auto& raised : outcome.alerts) tried.alerts.push_back(alert_of(raised));
  for (const auto& metered : outcome.metered) tried.meters.push_back(meter_of(metered));
  return tried;
}

std::string FieldChange::text() const {
  if (made) return "+ " + name + ": " + shown(after, type);
  if (after.is_null()) return "- " + name + ": " + shown(before, type);
  return name + ": " + shown(before, type) + " -> " + shown(after, type);
}

std::vector<FieldChange> changes_of(const Tried& tried) {
  std::vector<FieldChange> changes;
  for (size_t i = 0; i < tried.delivered.size(); ++i) {
    const FieldValue& now = tried.delivered[i];
    const bool made = i >= tried.event.size();
    FieldChange change{now.name, now.type, made ? Json() : tried.event[i].value, now.value, made};
    if (made ? !(now.value.is_null() || (now.value.is_structured() && now.value.empty())) : change.before != change.after) changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace millrace::rules_tools

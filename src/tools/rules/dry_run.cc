#include "tools/rules/dry_run.h"

#include <algorithm>

#include "rules/diagnostic.h"
#include "tools/rules/event_encoder.h"
#include "tools/rules/json_tree.h"

namespace millrace::rules_tools {

using pipeline::RowFate;
using rules::FileNode;

namespace {

FileNode text_node(const std::string& text, rules::Position at) { return {FileNode::Kind::kText, true, at, {text, {{0, at}}}, {}}; }

bool has_key(const FileNode& map, const std::string& key) {
  for (size_t i = 0; i + 1 < map.parts.size(); i += 2)
    if (map.parts[i].text.value == key) return true;
  return false;
}

// "rule 'positive_amount' doesn't hold: …" -> "positive_amount"; another rejection: its code.
std::string rule_of(const Rejection& rejection) {
  const std::string_view text = rejection.reason;
  if (!text.starts_with("rule '")) return name(rejection.code);
  return std::string(text.substr(6, text.find('\'', 6) - 6));
}

}  // namespace

Result<DryRun> DryRun::make(const std::string& topic, const std::vector<RightSet>& sets, const Surroundings& surroundings, const std::string& tenant_field) {
  const avro::SchemaPtr* schema = surroundings.newest(topic);
  if (schema == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& [name, versions] : surroundings.schemas) names.push_back(name);
    return permanent("there is no schema of a topic '" + topic + "'" + rules::did_you_mean(topic, names));
  }
  std::vector<TopicTrial::TenantSet> tenants;
  bool has_default = false;
  for (const RightSet& set : sets) {
    const std::string& tenant = set.written.tenant.value;
    if (std::ranges::find(tenants, tenant, &TopicTrial::TenantSet::tenant) != tenants.end()) return permanent("two of the rule sets are of tenant " + tenant);
    const rules::CheckedTopic* checked = set.newest(topic);
    tenants.push_back({tenant, checked ? std::optional(*checked) : std::nullopt});
    has_default = has_default || tenant == rules::kDefaultTenant;
  }
  const std::string only = tenants.size() == 1 && !has_default ? tenants.front().tenant : "";
  auto trial = TopicTrial::make(topic, *schema, std::move(tenants), surroundings.tables, tenant_field);
  if (!trial) return std::unexpected(trial.error());
  DryRun run(std::move(*trial), tenant_field);
  run.only_tenant_ = only;
  return run;
}

Applied DryRun::apply_json(std::string_view line, uint32_t number, bool zeros_for_absent) {
  auto event = json_tree(line, number);
  if (!event) return unreadable(event.error());
  const auto& fields = trial_.reader().root().fields;
  if (!only_tenant_.empty() && event->kind == FileNode::Kind::kMap && !has_key(*event, tenant_field_) &&
      std::ranges::find(fields, tenant_field_, &avro::Field::name) != fields.end()) {
    event->parts.push_back(text_node(tenant_field_, event->at));
    event->parts.push_back(text_node(only_tenant_, event->at));
  }
  const auto bytes = encode_event(trial_.reader(), *event, zeros_for_absent ? Absent::kZero : Absent::kError);
  if (bytes) return counted(trial_.run(*bytes));
  std::string why;
  for (const rules::FileDiagnostic& each : bytes.error()) why += (why.empty() ? "" : "; ") + each.message;
  return unreadable(why);
}

Applied DryRun::unreadable(std::string why) {
  ++counts_[""].events[static_cast<size_t>(Fate::kUnreadable)];
  return {Fate::kUnreadable, "", std::move(why), {}};
}

Applied DryRun::counted(Tried tried) {
  if (tried.event.empty()) return unreadable(tried.rejection ? tried.rejection->reason : "it can't be decoded");
  Applied applied;
  const auto tenant = std::ranges::find(tried.event, tenant_field_, &FieldValue::name);
  if (tenant != tried.event.end() && tenant->value.is_string()) applied.tenant = tenant->value.get<std::string>();
  Counts& counts = counts_[applied.tenant];
  switch (tried.fate) {
    case RowFate::kDelivered: applied.fate = Fate::kDelivered; break;
    case RowFate::kDropped:
    case RowFate::kSampledOut: applied.fate = Fate::kDropped, applied.why = tried.dropped_by; break;
    case RowFate::kRejected:
      applied.fate = tried.rejection->code == RejectionCode::kUnknownTenant ? Fate::kOthers : Fate::kRejected, applied.why = tried.rejection->reason;
      break;
  }
  ++counts.events[static_cast<size_t>(applied.fate)];
  if (applied.fate == Fate::kDelivered) counts.changed += !changes_of(tried).empty();
  if (applied.fate == Fate::kDropped) ++counts.reasons["dropped by " + applied.why];
  if (applied.fate == Fate::kRejected) ++counts.reasons["rejected by " + rule_of(*tried.rejection)];
  for (const TriedAlert& alert : tried.alerts) ++counts.alerts[alert.rule];
  for (const TriedMeter& meter : tried.meters) {
    auto& [times, unit] = counts.meters[meter.rule];
    ++times, unit = meter.unit;
  }
  applied.tried = std::move(tried);
  return applied;
}

}  // namespace millrace::rules_tools

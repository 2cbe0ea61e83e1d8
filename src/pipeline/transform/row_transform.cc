#include "pipeline/transform/row_transform.h"

#include <algorithm>

#include <xxhash.h>

#include "pipeline/transform/event_time.h"
#include "rules/kernels/append.h"
#include "rules/kernels/value_text.h"

namespace millrace::pipeline {

using rules::Form;
using rules::Vector;

namespace {

constexpr size_t kOtherTenantsKept = 10'000;

uint64_t hash_of(const Vector& keys, size_t entry) {
  if (keys.form == Form::kText) {
    const auto text = keys.at<std::string_view>(entry);
    return XXH3_64bits(text.data(), text.size());
  }
  const auto number = keys.at<uint64_t>(entry);
  return XXH3_64bits(&number, sizeof number);
}

std::string plain_text(const Vector& values, size_t entry, const rules::Type& type) {
  if (values.form == Form::kText && !values.is_null(entry)) return std::string(values.at<std::string_view>(entry));
  return rules::text_of(values, entry, type);
}

// What the ledger takes, and what an epoch's sums have room for.
bool is_billable_time(std::optional<int64_t> time_ms) { return !time_ms || (*time_ms >= kBillableFirstMs && *time_ms < kBillableEndMs); }
rules::Int128 end_of_billable(uint8_t scale) { return rules::Int128(1'000'000'000'000'000'000) * rules::power_of_ten(scale); }

}  // namespace

const RowTransform::Outcome& RowTransform::run(const TopicRules& rules, columns::Block& rows, size_t first) {
  rules_ = &rules, rows_ = &rows, first_ = first;
  const uint32_t size = window_size();
  outcome_.rejections.clear(), outcome_.drops.clear(), outcome_.alerts.clear(), outcome_.metered.clear();
  if (other_tenants_.size() > kOtherTenantsKept) other_tenants_.clear();
  outcome_.dropped = 0;
  fates_.assign(size, RowFate::kDelivered);
  outcome_.fates = fates_;
  if (size == 0) return count_by_tenant(), outcome_;
  origin_.resize(size);
  for (uint32_t row = 0; row < size; ++row) origin_[row] = row;
  if (groups_.size() < rules.groups().size()) groups_.resize(rules.groups().size());
  made_vectors_.assign(rules.made_numbers(), nullptr);
  made_written_.assign(rules.made_numbers(), false);
  wholes_.clear();
  if (made_.size() < rules.made_numbers()) made_.resize(rules.made_numbers());
  columns_ = rules.event_columns() + kPositionColumns;
  rows_changed_ = true;
  find_tenants();
  tenants_of_all_ = tenants_;
  outcome_.tenants = tenants_of_all_;
  leave_out();
  for (size_t i = 0; i < rules.steps().size() && window_size() > 0; ++i) step(rules.steps()[i], i);
  overwrite();
  write_made();
  leave_out();
  count_by_tenant();
  std::ranges::sort(outcome_.rejections, {}, &RowRejection::row);
  settle_drops();
  const auto lost = [this](const auto& of) { return fates_[of.row] != RowFate::kDelivered; };
  std::erase_if(outcome_.alerts, lost);
  std::ranges::sort(outcome_.alerts, {}, [](const RaisedAlert& of) { return std::pair(of.row, of.rule.ordinal); });
  std::erase_if(outcome_.metered, lost);
  return outcome_;
}

void RowTransform::find_tenants() {
  const uint32_t size = window_size();
  tenants_.resize(size);
  const auto unknown = [&](uint32_t row, std::string_view name) {
    fates_[row] = RowFate::kRejected;
    tenants_[row] = kNoTenant;
    outcome_.rejections.push_back(
        {row, {RejectionCode::kUnknownTenant, Stage::kTransform, -1, "tenant '" + rules::excerpt(name) + "' has no rule set, and there is no default one"}});
  };
  if (rules_->tenant_column() < 0) {
    for (uint32_t row = 0; row < size; ++row) {
      if (rules_->default_tenant() < 0)
        unknown(row, "");
      else
        tenants_[row] = static_cast<uint32_t>(rules_->default_tenant());
    }
    return;
  }
  const columns::Column& column = rows_->column(static_cast<size_t>(rules_->tenant_column()));
  const auto found = [&](uint32_t row, int64_t tenant) {
    if (tenant < 0)
      unknown(row, column.text(first_ + row));
    else
      tenants_[row] = static_cast<uint32_t>(tenant);
  };
  if (column.layout() != columns::Layout::kLowCardinality) {
    for (uint32_t row = 0; row < size; ++row) found(row, rules_->find_tenant(column.text(first_ + row)));
    return;
  }
  constexpr int64_t kNotAsked = -2;
  tenants_of_keys_.assign(column.dictionary().size(), kNotAsked);
  for (uint32_t row = 0; row < size; ++row) {
    int64_t& tenant = tenants_of_keys_[column.value<uint32_t>(first_ + row)];
    if (tenant == kNotAsked) tenant = rules_->find_tenant(column.text(first_ + row));
    found(row, tenant);
  }
}

// ---- the steps

void RowTransform::step(const RuleStep& step, size_t index) {
  collect(step, index);
  for (const uint32_t g : step.of_everybody) run_group(rules_->groups()[g], everybody_);
  for (const uint32_t g : touched_) {
    run_group(rules_->groups()[g], groups_[g]);
    groups_[g].rows.clear(), groups_[g].instances.clear();
  }
  touched_.clear();
  settle_falls();
  if (step.stage <= rules::Stage::kSample) leave_out();  // conditions: what follows is spared these rows
}

// Which rows the step's groups run over.
void RowTransform::collect(const RuleStep& step, size_t index) {
  if (std::exchange(rows_changed_, false)) find_everybody();
  if (step.of_everybody.size() == step.groups_end - step.groups_begin) return;
  for (size_t i = 0; i < everybody_.rows.size(); ++i) {
    for (const TenantRules::Use& use : rules_->uses(everybody_.instances[i], index)) {
      GroupRows& entries = groups_[use.group];
      if (entries.rows.empty()) touched_.push_back(use.group);
      entries.rows.push_back(everybody_.rows[i]);
      entries.instances.push_back(use.instance);
    }
  }
}

void RowTransform::find_everybody() {
  const uint32_t size = window_size();
  everybody_.rows.resize(size), everybody_.instances.resize(size);
  size_t left = 0;
  for (uint32_t row = 0; row < size; ++row) {
    everybody_.rows[left] = static_cast<uint32_t>(first_ + row);
    everybody_.instances[left] = tenants_[row];
    left += fates_[origin_[row]] == RowFate::kDelivered;
  }
  everybody_.rows.resize(left), everybody_.instances.resize(left);
}

void RowTransform::run_group(const RuleGroup& group, const GroupRows& entries) {
  if (entries.rows.empty()) return;
  switch (group.first->stage) {
    case rules::Stage::kCheck:
    case rules::Stage::kDrop: return conditions(group, entries);
    case rules::Stage::kSample: return sample(group, entries);
    case rules::Stage::kDerive:
    case rules::Stage::kOutput: return assign(group, entries);
    case rules::Stage::kAlert: return alert(group, entries);
    case rules::Stage::kMeter: return meter(group, entries);
  }
}

const Vector& RowTransform::evaluate(const RulePart& part, const GroupRows& entries) {
  const rules::Input input{.block = rows_,
                           .derived = made_vectors_,
                           .first_row = static_cast<uint32_t>(first_),
                           .tables = rules_->tables(),
                           .columns_seen = rules_->event_columns()};
  const bool one = part.parameters.instances() == 1;
  return evaluator_.evaluate(*part.program, input, {entries.rows, one ? std::span<const uint32_t>() : std::span<const uint32_t>(entries.instances), 0},
                             part.parameters);
}

void RowTransform::fall(const RuleGroup& group, const GroupRows& entries, size_t entry, const std::optional<CompiledPart> CompiledRule::* part,
                        rules::Failure failure) {
  const RuleInstance& of = group.instances[entries.instances[entry]];
  const CompiledPart* failed = failure && part != nullptr ? &*(of.rule->*part) : nullptr;
  falls_.push_back({static_cast<uint32_t>(entries.rows[entry] - first_), of.ordinal, of.rule, failed, failure.code()});
}

void RowTransform::conditions(const RuleGroup& group, const GroupRows& entries) {
  const Vector& result = evaluate(*group.when, entries);
  const bool drop = group.first->stage == rules::Stage::kDrop;
  if (result.failures == nullptr) {  // mostly nothing is to be done
    const uint8_t fine = drop ? 0 : 1;
    bool all = true;
    for (size_t i = 0; i < (result.step == 0 ? 1 : entries.rows.size()); ++i) all &= result.at<uint8_t>(i) == fine;
    if (all) return;
  }
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    if (const rules::Failure failure = result.failure(i)) {
      fall(group, entries, i, &CompiledRule::when, failure);
    } else if (drop && result.at<uint8_t>(i) != 0) {
      const uint32_t origin = origin_[entries.rows[i] - first_];
      fates_[origin] = RowFate::kDropped;
      outcome_.drops.push_back({origin, group.instances[entries.instances[i]]});
    } else if (!drop && result.at<uint8_t>(i) == 0) {
      fall(group, entries, i, &CompiledRule::when, {});
    }
  }
}

void RowTransform::sample(const RuleGroup& group, const GroupRows& entries) {
  const Vector& keys = evaluate(*group.key, entries);
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    if (const rules::Failure failure = keys.failure(i)) {
      fall(group, entries, i, &CompiledRule::key, failure);
      continue;
    }
    const double keep = group.instances[entries.instances[i]].rule->keep;
    const double place = static_cast<double>(hash_of(keys, i) >> 11) * 0x1p-53;  // [0, 1)
    if (place >= keep) fates_[origin_[entries.rows[i] - first_]] = RowFate::kSampledOut;
  }
}

ColumnValues& RowTransform::values_of(const CompiledRule& rule, Form form, uint8_t scale) {
  if (rule.made_column >= 0) {
    auto& made = made_[static_cast<size_t>(rule.made_column)];
    if (!made) made = std::make_unique<ColumnValues>();
    if (made_vectors_[static_cast<size_t>(rule.made_column)] == nullptr) {
      made->begin(form, scale, window_size());
      made_vectors_[static_cast<size_t>(rule.made_column)] = &made->vector();
    }
    return *made;
  }
  const auto column = static_cast<uint32_t>(rule.event_column);
  for (Overwritten& each : overwritten_)
    if (each.begun && each.column == column && each.values->vector().form == form && each.values->vector().scale == scale) return *each.values;
  auto free = std::ranges::find(overwritten_, false, &Overwritten::begun);
  if (free == overwritten_.end()) free = overwritten_.insert(free, {0, std::make_unique<ColumnValues>(), false});
  free->column = column, free->begun = true;
  free->values->begin(form, scale, window_size());
  return *free->values;
}

void RowTransform::assign(const RuleGroup& group, const GroupRows& entries) {
  if (group.first->clears) {
    if (entries.rows.size() == window_size()) {
      whole_column(static_cast<size_t>(group.first->event_column)).append_defaults(entries.rows.size());
      wholes_.push_back(static_cast<uint32_t>(group.first->event_column));
      return;
    }
    ColumnValues& values = values_of(*group.first, Form::kBool, 0);
    for (const uint32_t row : entries.rows) values.clear(row - first_);
    return;
  }
  const rules::Type& type = group.value->program->type();
  const Vector& result = evaluate(*group.value, entries);
  if (entries.rows.size() == window_size() && assign_whole(*group.first, result)) return;
  ColumnValues& values = values_of(*group.first, rules::form_of(type), type.scale);
  if (result.failures == nullptr) return values.set(entries.rows, first_, result);
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    if (const rules::Failure failure = result.failure(i))
      fall(group, entries, i, &CompiledRule::value, failure);
    else
      values.set(entries.rows[i] - first_, result, i);
  }
}

// Every row is given a value by this group, which is the whole column then, if nobody else wants to see it.
bool RowTransform::assign_whole(const CompiledRule& rule, const Vector& result) {
  const size_t size = window_size();
  if (rule.event_column >= 0) {
    if (!rules::append_all(result, size, whole_column(static_cast<size_t>(rule.event_column)))) return false;
    wholes_.push_back(static_cast<uint32_t>(rule.event_column));
    return true;
  }
  const auto number = static_cast<uint32_t>(rule.made_column);
  if (rules_->is_read(number) || !rules::append_all(result, size, made_column(number))) return false;
  made_written_[number] = true;
  return true;
}

// What the column of the event will be: empty.
columns::Column& RowTransform::whole_column(size_t number) {
  if (whole_.size() <= number) whole_.resize(number + 1);
  const columns::Type& type = rows_->column(number).type();
  if (!whole_[number] || whole_[number]->type() != type) whole_[number] = std::make_unique<columns::Column>(type);
  whole_[number]->clear();
  return *whole_[number];
}

columns::Column& RowTransform::made_column(uint32_t number) {
  return rows_->column(rules_->event_columns() + kPositionColumns + static_cast<size_t>(rules_->made_at(number)));
}

const RowTransform::GroupRows& RowTransform::where(const RuleGroup& group, const GroupRows& entries) {
  if (!group.when) return entries;  // NOLINT(bugprone-return-const-ref-from-parameter): the caller's outlive what it does with them
  const Vector& holds = evaluate(*group.when, entries);
  chosen_.rows.clear(), chosen_.instances.clear();
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    if (const rules::Failure failure = holds.failure(i)) {
      fall(group, entries, i, &CompiledRule::when, failure);
    } else if (holds.at<uint8_t>(i) != 0) {
      chosen_.rows.push_back(entries.rows[i]), chosen_.instances.push_back(entries.instances[i]);
    }
  }
  return chosen_;
}

void RowTransform::alert(const RuleGroup& group, const GroupRows& all) {
  const GroupRows& entries = where(group, all);
  if (entries.rows.empty()) return;
  const size_t begin = outcome_.alerts.size();
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    const uint32_t row = entries.rows[i];
    RaisedAlert& raised = outcome_.alerts.emplace_back();
    raised.row = origin_[row - first_], raised.rule = group.instances[entries.instances[i]];
    if (rules_->tenant_column() >= 0) raised.tenant = rows_->column(static_cast<size_t>(rules_->tenant_column())).text(row);
    if (rules_->time_column() >= 0) raised.event_time_ms = event_time_ms_of(rows_->column(static_cast<size_t>(rules_->time_column())), row);
  }
  const auto each = [&](const RulePart& part, const std::optional<CompiledPart> CompiledRule::* role, const auto& take) {
    const Vector& values = evaluate(part, entries);
    for (size_t i = 0; i < entries.rows.size(); ++i) {
      if (const rules::Failure failure = values.failure(i))
        fall(group, entries, i, role, failure);
      else
        take(outcome_.alerts[begin + i], plain_text(values, i, part.program->type()));
    }
  };
  each(*group.title, &CompiledRule::title, [](RaisedAlert& to, std::string text) { to.title = std::move(text); });
  if (group.key) each(*group.key, &CompiledRule::key, [](RaisedAlert& to, std::string text) { to.key = std::move(text); });
  for (const RulePart& field : group.fields) each(field, nullptr, [](RaisedAlert& to, std::string text) { to.fields.push_back(std::move(text)); });
}

bool RowTransform::is_of_tenant(const RuleInstance& rule) const {
  return rules_->tenant_column() < 0 || static_cast<int64_t>(rule.tenant) != rules_->default_tenant();
}
std::string_view RowTransform::name_in_row(uint32_t row) {
  const std::string_view name = rows_->column(static_cast<size_t>(rules_->tenant_column())).text(row);
  const auto known = other_tenants_.find(name);
  return known != other_tenants_.end() ? *known : *other_tenants_.emplace(name).first;
}

void RowTransform::meter(const RuleGroup& group, const GroupRows& all) {
  const GroupRows& entries = where(group, all);
  if (entries.rows.empty()) return;
  const Vector& values = evaluate(*group.value, entries);
  std::optional<EventTimes> times;
  if (rules_->time_column() >= 0) times.emplace(rows_->column(static_cast<size_t>(rules_->time_column())));
  const rules::Int128 end = end_of_billable(values.scale);
  outcome_.metered.reserve(outcome_.metered.size() + entries.rows.size());
  for (size_t i = 0; i < entries.rows.size(); ++i) {
    if (const rules::Failure failure = values.failure(i)) {
      fall(group, entries, i, &CompiledRule::value, failure);
      continue;
    }
    const RuleInstance& instance = group.instances[entries.instances[i]];
    const bool own = is_of_tenant(instance);  // the default set's rules are everybody's
    const std::string_view tenant = own ? rules_->tenant(instance.tenant).name : name_in_row(entries.rows[i]);
    const bool billable = own ? rules_->tenant(instance.tenant).billable : is_billable_name(tenant);
    const auto time = times ? times->ms(entries.rows[i]) : std::nullopt;
    const rules::Int128 value = values.form == Form::kDecimal ? values.at<rules::Int128>(i)
                                : values.form == Form::kUint  ? static_cast<rules::Int128>(values.at<uint64_t>(i))
                                                              : static_cast<rules::Int128>(values.at<int64_t>(i));
    if (!billable || !is_billable_time(time) || value <= -end || value >= end) {
      fall(group, entries, i, &CompiledRule::value, {rules::FailureCode::kNotBillable, 0});
      continue;
    }
    outcome_.metered.push_back({origin_[entries.rows[i] - first_], instance, tenant, time, value, values.scale});
  }
}

}  // namespace millrace::pipeline

// What a run over rows comes to: rows that fall, with the reason, rows that are left out, and columns that are written.
#include <algorithm>

#include "pipeline/transform/row_transform.h"
#include "rules/environment.h"
#include "rules/kernels/append.h"
#include "rules/kernels/load.h"
#include "rules/kernels/value_text.h"

namespace millrace::pipeline {

namespace {
constexpr size_t kValuesToldMax = 4;
}

// ---- rows that fall

// Of the rules that a row fell by in this step, the one that the tenant wrote first is told.
void RowTransform::settle_falls() {
  if (falls_.empty()) return;
  rows_changed_ = true;
  std::ranges::sort(falls_, [](const Fall& a, const Fall& b) { return std::pair(a.row, a.ordinal) < std::pair(b.row, b.ordinal); });
  for (const Fall& fall : falls_) {
    const uint32_t origin = origin_[fall.row];
    if (fates_[origin] == RowFate::kRejected) continue;
    fates_[origin] = RowFate::kRejected;
    const bool failed = fall.code != rules::FailureCode::kNone;
    const std::string& message = fall.rule->message;
    std::string why = failed ? "failed: " + std::string(rules::describe(fall.code)) : message.empty() ? "doesn't hold" : "doesn't hold: " + message;
    const CompiledPart* part = fall.part != nullptr ? fall.part : fall.rule->when ? &*fall.rule->when : nullptr;
    outcome_.rejections.push_back(
        {origin, {failed ? RejectionCode::kRuleFailed : RejectionCode::kInvalid, Stage::kTransform, -1, reason(fall.row, *fall.rule, part, why)}});
  }
  falls_.clear();
}

void RowTransform::settle_drops() {
  auto& drops = outcome_.drops;
  std::erase_if(drops, [this](const DroppedRow& of) { return fates_[of.row] != RowFate::kDropped; });
  std::ranges::sort(drops, [](const DroppedRow& a, const DroppedRow& b) { return std::pair(a.row, a.rule.ordinal) < std::pair(b.row, b.rule.ordinal); });
  const auto repeated = std::ranges::unique(drops, {}, &DroppedRow::row);
  drops.erase(repeated.begin(), repeated.end());
}

// "rule 'positive' doesn't hold: an order costs something; amount > 0 (amount = -3)"
std::string RowTransform::reason(uint32_t row, const CompiledRule& rule, const CompiledPart* part, const std::string& why) {
  std::string text = "rule '" + rule.name + "' " + why;
  if (part == nullptr) return text;
  text += "; " + rules::excerpt(part->text, 200);
  std::string values;
  for (size_t i = 0; i < std::min(part->columns.size(), kValuesToldMax); ++i) {
    const columns::Column& column = rows_->column(part->columns[i]);
    texts_.reset();
    rules::load(column, {nullptr, first_ + row, 1}, texts_, told_);
    values += (values.empty() ? "" : ", ") + rows_->name(part->columns[i]) + " = " + rules::text_of(told_.vector(), 0, rules::type_of(column.type()));
  }
  return values.empty() ? text : text + " (" + values + ")";
}

void RowTransform::count_by_tenant() {
  auto& all = outcome_.by_tenant;
  for (const TenantFates& each : all) tenant_places_[each.tenant == kNoTenant ? 0 : each.tenant + 1] = 0;  // of the last run
  all.clear();
  for (size_t row = 0; row < fates_.size(); ++row) {
    const size_t number = tenants_of_all_[row] == kNoTenant ? 0 : tenants_of_all_[row] + 1;
    if (number >= tenant_places_.size()) tenant_places_.resize(number + 1);
    uint32_t& place = tenant_places_[number];
    if (place == 0) all.push_back({tenants_of_all_[row], 0, 0, 0}), place = static_cast<uint32_t>(all.size());
    TenantFates& of = all[place - 1];
    ++(fates_[row] == RowFate::kDelivered ? of.delivered : fates_[row] == RowFate::kRejected ? of.rejected : of.dropped);
  }
}

void RowTransform::leave_out() {
  const uint32_t size = window_size();
  const auto stays = [this](uint32_t origin) { return fates_[origin] == RowFate::kDelivered; };
  if (std::ranges::all_of(origin_, stays)) return;
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < size; ++row)
    if (stays(origin_[row])) kept.push_back(row);
  rows_changed_ = true;
  std::vector<uint8_t> mask(size, 0);
  for (const uint32_t row : kept) mask[row] = 1;
  for (uint32_t row = 0; row < size; ++row) {
    const RowFate fate = fates_[origin_[row]];
    outcome_.dropped += fate == RowFate::kDropped || fate == RowFate::kSampledOut;
  }
  for (size_t i = 0; i < columns_; ++i) rows_->column(i).keep(mask, first_);
  rows_->set_rows(first_ + kept.size());
  for (size_t i = 0; i < kept.size(); ++i) origin_[i] = origin_[kept[i]], tenants_[i] = tenants_[kept[i]];
  origin_.resize(kept.size()), tenants_.resize(kept.size());
}

// ---- what is written

// A value that its column can't hold.
void RowTransform::misfit(uint32_t row, const std::string& why, int32_t CompiledRule::* column, int32_t number) {
  const uint32_t origin = origin_[row];
  if (fates_[origin] != RowFate::kDelivered) return;
  fates_[origin] = RowFate::kRejected;
  if (const CompiledRule* rule = rules_->assigning(tenants_[row], column, number)) {
    const CompiledPart* value = rule->value ? &*rule->value : nullptr;
    outcome_.rejections.push_back({origin, {RejectionCode::kRuleFailed, Stage::kTransform, -1, reason(row, *rule, value, "failed: " + why)}});
  }
}

void RowTransform::overwrite() {
  const size_t size = window_size();
  for (const uint32_t number : wholes_) {
    rows_->column(number).truncate(first_);
    rows_->column(number).append_rows(*whole_[number], 0, size);
  }
  wholes_.clear();
  for (size_t i = 0; i < overwritten_.size(); ++i) {
    if (!overwritten_[i].begun) continue;
    const uint32_t number = overwritten_[i].column;
    std::vector<ColumnValues*> forms;
    for (Overwritten& each : overwritten_)
      if (each.begun && each.column == number) forms.push_back(each.values.get()), each.begun = false;
    columns::Column& column = rows_->column(number);
    columns::Column& written = whole_column(number);
    const bool at_once = forms.size() == 1 && forms[0]->all_set() && rules::append_all(forms[0]->without_needless_nulls(), size, written);
    const auto giver = [&](size_t row) { return std::ranges::find_if(forms, [&](const ColumnValues* each) { return each->assigned(row); }); };
    for (size_t row = 0; !at_once && row < size; ++row) {
      const auto by = giver(row);
      if (by == forms.end()) {
        const size_t begin = row;
        while (row + 1 < size && giver(row + 1) == forms.end()) ++row;
        written.append_rows(column, first_ + begin, row + 1 - begin);
      } else if ((*by)->cleared(row)) {
        written.append_default();
      } else if (const auto appended = rules::append((*by)->vector(), row, written); !appended) {
        written.append_default();
        misfit(static_cast<uint32_t>(row), appended.error(), &CompiledRule::event_column, static_cast<int32_t>(number));
      }
    }
    column.truncate(first_);
    column.append_rows(written, 0, size);
  }
}

void RowTransform::write_made() {
  const size_t size = window_size();
  for (size_t number = 0; number < rules_->made_numbers(); ++number) {
    if (rules_->made_at(static_cast<uint32_t>(number)) < 0 || made_written_[number]) continue;
    columns::Column& column = made_column(static_cast<uint32_t>(number));
    const ColumnValues* values = made_vectors_[number] == nullptr ? nullptr : made_[number].get();
    if (values == nullptr) {
      column.append_defaults(size);
      continue;
    }
    const bool empty_is_null = columns::is_nullable(column.type());  // then the default is what the vector has where no rule gave a value
    if ((empty_is_null || values->all_set()) && rules::append_all(values->without_needless_nulls(), size, column)) continue;
    for (size_t row = 0; row < size; ++row) {
      if (!values->assigned(row) || values->cleared(row))
        column.append_default();
      else if (const auto appended = rules::append(values->vector(), row, column); !appended) {
        column.append_default();
        misfit(static_cast<uint32_t>(row), appended.error(), &CompiledRule::made_column, static_cast<int32_t>(number));
      }
    }
  }
  columns_ = rows_->column_count();
}

}  // namespace millrace::pipeline

#pragma once
// Runs a topic's rules over rows that were just decoded: what is invalid is rejected, what is to be dropped is left out, made columns are
// appended, columns of the event are overwritten; alerts and meters are told. The outcome of a row depends on the row and its tenant's rules
// alone, not on its neighbours (I4). One thread; keeps its memory.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/rejection.h"
#include "columns/block.h"
#include "pipeline/transform/column_values.h"
#include "pipeline/transform/topic_rules.h"
#include "rules/kernels/evaluator.h"

namespace millrace::pipeline {

inline constexpr uint32_t kNoTenant = UINT32_MAX;

enum class RowFate : uint8_t { kDelivered, kDropped, kSampledOut, kRejected };

// Rows are numbered from the first one of the run.
struct RowRejection {
  uint32_t row = 0;
  Rejection rejection;
};
struct DroppedRow {
  uint32_t row = 0;
  RuleInstance rule;
};
struct RaisedAlert {
  uint32_t row = 0;
  RuleInstance rule;
  std::string tenant;                      // as the event names it: the default set's rules are everybody's
  std::optional<int64_t> event_time_ms{};  // of the event's time column, if that is there and has one
  std::string title, key;
  std::vector<std::string> fields;  // texts of CompiledRule::fields
};
struct MeteredValue {
  uint32_t row = 0;
  RuleInstance rule;
  std::string_view tenant;                 // as the event names it; valid until the next run
  std::optional<int64_t> event_time_ms{};  // as of an alert
  rules::Int128 value = 0;                 // times 10^scale
  uint8_t scale = 0;
};

class RowTransform {
 public:
  struct TenantFates {
    uint32_t tenant = 0;  // in TopicRules; kNoTenant
    uint32_t delivered = 0, dropped = 0, rejected = 0;
  };
  struct Outcome {
    std::span<const RowFate> fates;     // a row each, as they were
    std::span<const uint32_t> tenants;  // likewise, in TopicRules; kNoTenant
    std::vector<TenantFates> by_tenant;
    std::vector<RowRejection> rejections;  // in the order of rows
    std::vector<DroppedRow> drops;         // likewise: which rule, of several the one that the tenant wrote first
    std::vector<RaisedAlert> alerts;       // in the order of rows, and of the tenant's rules
    std::vector<MeteredValue> metered;
    size_t dropped = 0;  // kDropped and kSampledOut
  };

  // The rows from `first` on have the event's columns and those of their position; afterwards the delivered ones are left, and have those of
  // rules.made() too, which follow. The outcome is valid until the next call.
  const Outcome& run(const TopicRules& rules, columns::Block& rows, size_t first);

 private:
  struct Fall {
    uint32_t row = 0, ordinal = 0;
    const CompiledRule* rule = nullptr;
    const CompiledPart* part = nullptr;  // none: what must hold doesn't
    rules::FailureCode code{};
  };
  struct GroupRows {
    std::vector<uint32_t> rows, instances;  // rows of the block
  };

  void find_tenants();
  void step(const RuleStep& step, size_t index);
  void collect(const RuleStep& step, size_t index);
  void find_everybody();
  void count_by_tenant();
  void run_group(const RuleGroup& group, const GroupRows& entries);
  void conditions(const RuleGroup& group, const GroupRows& entries);
  void sample(const RuleGroup& group, const GroupRows& entries);
  void assign(const RuleGroup& group, const GroupRows& entries);
  bool assign_whole(const CompiledRule& rule, const rules::Vector& result);
  columns::Column& made_column(uint32_t number);
  columns::Column& whole_column(size_t number);
  void alert(const RuleGroup& group, const GroupRows& entries);
  void meter(const RuleGroup& group, const GroupRows& entries);
  bool is_of_tenant(const RuleInstance& rule) const;
  std::string_view name_in_row(uint32_t row);                                // valid until the next run
  const GroupRows& where(const RuleGroup& group, const GroupRows& entries);  // entries for which its condition holds
  const rules::Vector& evaluate(const RulePart& part, const GroupRows& entries);
  ColumnValues& values_of(const CompiledRule& rule, rules::Form form, uint8_t scale);
  void fall(const RuleGroup& group, const GroupRows& entries, size_t entry, const std::optional<CompiledPart> CompiledRule::* part, rules::Failure failure);
  void settle_falls();
  void settle_drops();
  std::string reason(uint32_t row, const CompiledRule& rule, const CompiledPart* part, const std::string& why);
  void leave_out();  // rows that aren't delivered
  void misfit(uint32_t row, const std::string& why, int32_t CompiledRule::* column, int32_t number);
  void write_made();
  void overwrite();
  uint32_t window_size() const { return static_cast<uint32_t>(rows_->rows() - first_); }

  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  // Names of those that have no set of their own: while the outcome is valid, and then until there are many.
  std::unordered_set<std::string, TextHash, std::equal_to<>> other_tenants_;

  // Of the run.
  const TopicRules* rules_ = nullptr;
  columns::Block* rows_ = nullptr;
  size_t first_ = 0;
  std::vector<uint32_t> origin_;          // of each row that is left: its number as it was
  std::vector<uint32_t> tenants_;         // of each row that is left
  std::vector<int64_t> tenants_of_keys_;  // if their names are LowCardinality: by key
  std::vector<RowFate> fates_;            // by origin
  std::vector<uint32_t> tenants_of_all_;  // likewise
  size_t columns_ = 0;                    // of the block, that the rows have so far
  Outcome outcome_;

  rules::Evaluator evaluator_;
  rules::TextArena texts_;         // of messages
  rules::Store told_;              // likewise
  std::vector<GroupRows> groups_;  // by group, of the step
  std::vector<uint32_t> touched_;
  std::vector<uint32_t> tenant_places_;  // by tenant: its place in by_tenant, + 1
  GroupRows everybody_;                  // rows that are still there, and their tenants
  bool rows_changed_ = true;
  GroupRows chosen_;
  std::vector<Fall> falls_;
  std::vector<std::unique_ptr<ColumnValues>> made_;  // by number of MadeColumns
  std::vector<const rules::Vector*> made_vectors_;   // likewise
  // What is assigned to columns of the event, by the form of its values: an Int32 may be given int by one tenant and uint by another.
  struct Overwritten {
    uint32_t column = 0;
    std::unique_ptr<ColumnValues> values;
    bool begun = false;
  };
  std::vector<Overwritten> overwritten_;
  // Columns of which every row is assigned by one group: written at once.
  std::vector<std::unique_ptr<columns::Column>> whole_;  // by column of the event
  std::vector<uint32_t> wholes_;                         // of the run
  std::vector<bool> made_written_;
};

}  // namespace millrace::pipeline

#pragma once
// What tenants used, summed up exactly once: plans are taken whole or refused, closed months stand still.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/metrics/registry.h"
#include "clients/sql/connection.h"
#include "services/billing/acceptance.h"
#include "services/billing/billed_plan.h"
#include "services/billing/group_commit.h"
#include "services/billing/month.h"

namespace millrace::billing {

struct LedgerSettings {
  sql::Settings database;
  uint32_t generation = 1;           // above the stored one: begins the ledger anew, the old one stays readable
  std::chrono::hours keep{24 * 62};  // plans and contributions, so that figures can be explained; a day at least
  std::function<int64_t()> now_ms;   // since 1970, UTC
};

struct Closing {
  int64_t closed_ms = 0;
  bool was_closed = false;
};

// Thread-safe; each call blocks until it is durable. Errors: kTransient and kUnknown: call again with the same plan; kPermanent: the message
// says what to change. A refusal is an answer, and raises an alarm: an error in the log and millrace_billing_plans_total{outcome}.
class Ledger {
 public:
  // Makes or migrates the tables.
  static Result<std::unique_ptr<Ledger>> open(LedgerSettings settings, metrics::Registry& metrics);

  // Invariants: a plan's id, marks, totals and contributions are written in one transaction; a plan is in the totals at most once; a partition's taken
  // and skipped ranges touch each other without gap or overlap; the totals of a closed month don't change.
  Result<PlanAnswer> apply(BilledPlan plan);
  Result<SkipAnswer> skip(const Skip& skip);
  // kPermanent: the month isn't over.
  Result<Closing> close_month(Month month, const std::string& author);
  // Forgets plans and contributions older than LedgerSettings::keep, some thousand plans a call; how many plans.
  Result<int64_t> forget_old();

  std::optional<std::string> trouble() const { return group_.trouble(); }

 private:
  struct Counters {
    metrics::Counter applied, known, gap, overlap, wrong_generation, differing, adjustments;
  };
  Ledger(LedgerSettings settings, sql::Connection connection, metrics::Registry& metrics);
  void tell(const BilledPlan& plan, const PlanAnswer& answer);

  const LedgerSettings settings_;
  Counters counters_;
  GroupCommit group_;
};

}  // namespace millrace::billing

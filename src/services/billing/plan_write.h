#pragma once
// What a plan writes, inside a transaction that is open.

#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "clients/sql/connection.h"
#include "services/billing/billed_plan.h"

namespace millrace::billing {

Result<uint32_t> stored_generation(sql::Connection& connection);
// The fingerprint of a plan that was applied; none: it wasn't, or is forgotten.
Result<std::optional<std::string>> known_plan(sql::Connection& connection, const BilledPlan& plan);
Result<std::optional<Offset>> expected_offset(sql::Connection& connection, uint32_t generation, const std::string& pipeline, const BilledRange& range);
Status move_mark(sql::Connection& connection, uint32_t generation, const std::string& pipeline, const BilledRange& range);
Result<std::set<std::string>> closed_months(sql::Connection& connection, uint32_t generation);

// Id, ranges and marks.
Status write_plan(sql::Connection& connection, const BilledPlan& plan, const std::string& fingerprint, int64_t now_ms);
// Totals of open months, adjustments of closed ones, contributions of both. How many were adjustments. kPermanent: a total has more than 38 digits.
Result<int64_t> write_usage(sql::Connection& connection, const BilledPlan& plan, int64_t now_ms);

}  // namespace millrace::billing

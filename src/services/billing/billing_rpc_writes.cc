#include "base/log.h"
#include "clients/grpc/status.h"
#include "services/billing/billing_rpc.h"

namespace millrace::billing {
namespace {

Result<BilledRange> range_of(const v1::Range& range, const std::string& where) {
  BilledRange billed{range.topic(), {}, PartitionId(range.partition()), {Offset(range.begin()), Offset(range.end())}, range.records()};
  if (!parse_uuid(range.topic_id().data(), range.topic_id().size(), billed.topic_id.value))
    return permanent(where + "topic_id '" + range.topic_id() + "' is no UUID of 36 characters");
  return billed;
}

Result<BilledPlan> plan_of(const v1::ApplyPlanRequest& request) {
  BilledPlan plan{.generation = request.generation(), .pipeline = request.pipeline(), .id = {}, .time_ms = request.plan_time_ms(), .ranges = {}, .usage = {}};
  if (!parse_uuid(request.plan_id().data(), request.plan_id().size(), plan.id.value))
    return permanent("plan_id '" + request.plan_id() + "' is no UUID of 36 characters");
  for (int i = 0; i < request.ranges_size(); ++i) {
    auto range = range_of(request.ranges(i), "ranges[" + std::to_string(i) + "]: ");
    if (!range) return std::unexpected(range.error());
    plan.ranges.push_back(std::move(*range));
  }
  plan.usage.reserve(static_cast<size_t>(request.usage_size()));
  for (int i = 0; i < request.usage_size(); ++i) {
    const auto& usage = request.usage(i);
    const auto value = parse_decimal(usage.value());
    if (!value) return permanent("usage[" + std::to_string(i) + "]: value '" + usage.value() + "' is no decimal of at most 38 digits");
    plan.usage.push_back({usage.range(), usage.tenant(), usage.meter(), usage.unit(), usage.window_start_ms(), usage.window_ms(), *value});
  }
  return plan;
}

v1::ApplyPlanResponse::Outcome outcome_of(PlanAnswer::Outcome outcome) {
  switch (outcome) {
    case PlanAnswer::Outcome::kApplied: return v1::ApplyPlanResponse::APPLIED;
    case PlanAnswer::Outcome::kKnown: return v1::ApplyPlanResponse::KNOWN;
    case PlanAnswer::Outcome::kGap: return v1::ApplyPlanResponse::GAP;
    case PlanAnswer::Outcome::kOverlap: return v1::ApplyPlanResponse::OVERLAP;
    case PlanAnswer::Outcome::kWrongGeneration: return v1::ApplyPlanResponse::WRONG_GENERATION;
  }
  return v1::ApplyPlanResponse::OUTCOME_UNSPECIFIED;
}

v1::DeclareSkipResponse::Outcome outcome_of(SkipAnswer::Outcome outcome) {
  switch (outcome) {
    case SkipAnswer::Outcome::kSkipped: return v1::DeclareSkipResponse::SKIPPED;
    case SkipAnswer::Outcome::kKnown: return v1::DeclareSkipResponse::KNOWN;
    case SkipAnswer::Outcome::kGap: return v1::DeclareSkipResponse::GAP;
    case SkipAnswer::Outcome::kOverlap: return v1::DeclareSkipResponse::OVERLAP;
    case SkipAnswer::Outcome::kWrongGeneration: return v1::DeclareSkipResponse::WRONG_GENERATION;
  }
  return v1::DeclareSkipResponse::OUTCOME_UNSPECIFIED;
}

}  // namespace

::grpc::Status BillingRpc::ApplyPlan(::grpc::ServerContext*, const v1::ApplyPlanRequest* request, v1::ApplyPlanResponse* response) {
  auto plan = plan_of(*request);
  if (plan)
    if (auto normal = normalise(*plan); !normal) plan = std::unexpected(normal.error());
  if (!plan) {
    log::error("ALARM plan {} of {} can't be read: {}", request->plan_id(), request->pipeline(), plan.error().message);
    return rpc::invalid_argument(plan.error().message);
  }
  const auto answer = ledger_.apply(std::move(*plan));
  if (!answer) return rpc::status_of(answer.error());
  response->set_outcome(outcome_of(answer->outcome));
  response->set_message(answer->message);
  response->set_generation(answer->generation);
  for (const auto& conflict : answer->conflicts) {
    auto* const told = response->add_conflicts();
    told->set_range(static_cast<uint32_t>(conflict.range));
    told->set_expected(conflict.expected.value);
  }
  return {};
}

::grpc::Status BillingRpc::DeclareSkip(::grpc::ServerContext*, const v1::DeclareSkipRequest* request, v1::DeclareSkipResponse* response) {
  auto range = range_of(request->range(), "range: ");
  if (!range) return rpc::invalid_argument(range.error().message);
  const auto answer = ledger_.skip({request->generation(), request->pipeline(), std::move(*range), request->plan_id(), request->author(), request->reason()});
  if (!answer) return answer.error().retry == Retry::kPermanent ? rpc::invalid_argument(answer.error().message) : rpc::status_of(answer.error());
  response->set_outcome(outcome_of(answer->outcome));
  response->set_message(answer->message);
  response->set_expected(answer->expected.value);
  return {};
}

::grpc::Status BillingRpc::CloseMonth(::grpc::ServerContext*, const v1::CloseMonthRequest* request, v1::CloseMonthResponse* response) {
  const auto month = parse_month(request->month());
  if (!month) return rpc::invalid_argument("month '" + request->month() + "': say it as 2026-10");
  const auto closing = ledger_.close_month(*month, request->author());
  if (!closing) return rpc::status_of(closing.error());
  response->set_closed_at_ms(closing->closed_ms);
  response->set_was_closed(closing->was_closed);
  return {};
}

}  // namespace millrace::billing

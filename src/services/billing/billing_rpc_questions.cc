#include <algorithm>
#include <optional>

#include "clients/grpc/status.h"
#include "services/billing/billing_rpc.h"
#include "services/billing/statement_csv.h"

namespace millrace::billing {
namespace {

constexpr size_t kCsvPieceBytes = 64 << 10;

// What is wrong with a question for figures; none: nothing.
std::optional<std::string> wrong_with(const std::string& tenant, int64_t from_ms, int64_t to_ms) {
  if (tenant.empty()) return "tenant: say whose";
  if (from_ms < kEarliestMs || to_ms > kLatestMs + 1 || to_ms <= from_ms)
    return "from_ms, to_ms: windows that begin in [from, to) are meant: from must be below to";
  return std::nullopt;
}

std::optional<Granularity> granularity_of(v1::Granularity granularity) {
  switch (granularity) {
    case v1::GRANULARITY_AS_METERED: return Granularity::kAsMetered;
    case v1::HOUR: return Granularity::kHour;
    case v1::DAY: return Granularity::kDay;
    case v1::MONTH: return Granularity::kMonth;
    default: return std::nullopt;
  }
}

}  // namespace

::grpc::Status BillingRpc::Usage(::grpc::ServerContext*, const v1::UsageRequest* request, ::grpc::ServerWriter<v1::UsageRow>* writer) {
  if (const auto wrong = wrong_with(request->tenant(), request->from_ms(), request->to_ms())) return rpc::invalid_argument(*wrong);
  const auto granularity = granularity_of(request->granularity());
  if (!granularity) return rpc::invalid_argument("granularity: there are HOUR, DAY and MONTH");
  const auto rows = reader_.usage({request->generation(), request->tenant(), request->meter(), "", request->from_ms(), request->to_ms()}, *granularity);
  if (!rows) return rpc::status_of(rows.error());
  v1::UsageRow told;
  for (const auto& row : *rows) {
    told.set_tenant(request->tenant());
    told.set_meter(row.meter);
    told.set_unit(row.unit);
    told.set_window_start_ms(row.window_start_ms);
    told.set_window_ms(row.window_ms);
    told.set_value(to_string(row.value));
    told.set_adjustments(to_string(row.adjustments));
    told.set_closed(row.closed);
    if (!writer->Write(told)) break;
  }
  return {};
}

::grpc::Status BillingRpc::Statement(::grpc::ServerContext*, const v1::StatementRequest* request, ::grpc::ServerWriter<v1::StatementPiece>* writer) {
  const auto month = parse_month(request->month());
  if (!month) return rpc::invalid_argument("month '" + request->month() + "': say it as 2026-10");
  if (request->tenant().empty()) return rpc::invalid_argument("tenant: say whose");
  const auto statement = reader_.statement(request->tenant(), *month, request->generation());
  if (!statement) return rpc::status_of(statement.error());
  const std::string csv = statement_csv(request->tenant(), *month, *statement);
  v1::StatementPiece piece;
  for (size_t at = 0; at < csv.size();) {
    // Whole lines: a piece is text, and a cut through a character would not be.
    size_t end = csv.find('\n', std::min(csv.size() - 1, at + kCsvPieceBytes)) + 1;
    if (end == 0) end = csv.size();
    piece.set_csv(csv.substr(at, end - at));
    if (!writer->Write(piece)) break;
    at = end;
  }
  return {};
}

::grpc::Status BillingRpc::Explain(::grpc::ServerContext*, const v1::ExplainRequest* request, ::grpc::ServerWriter<v1::ExplainPiece>* writer) {
  if (const auto wrong = wrong_with(request->tenant(), request->from_ms(), request->to_ms())) return rpc::invalid_argument(*wrong);
  if (request->meter().empty()) return rpc::invalid_argument("meter: say which");
  v1::ExplainPiece piece;
  const auto explained = reader_.explain({request->generation(), request->tenant(), request->meter(), request->unit(), request->from_ms(), request->to_ms()},
                                         [&](const Contribution& contribution) {
                                           auto& told = *piece.mutable_contribution();
                                           told.set_plan_id(contribution.plan);
                                           told.set_plan_time_ms(contribution.plan_time_ms);
                                           told.set_applied_ms(contribution.applied_ms);
                                           told.set_pipeline(contribution.pipeline);
                                           auto& range = *told.mutable_range();
                                           range.set_topic(contribution.topic);
                                           range.set_topic_id(contribution.topic_id);
                                           range.set_partition(static_cast<int32_t>(contribution.partition));
                                           range.set_begin(contribution.begin);
                                           range.set_end(contribution.end);
                                           range.set_records(contribution.records);
                                           told.set_unit(contribution.unit);
                                           told.set_window_start_ms(contribution.window_start_ms);
                                           told.set_window_ms(contribution.window_ms);
                                           told.set_value(to_string(contribution.value));
                                           told.set_adjustment(contribution.adjustment);
                                           return writer->Write(piece);
                                         });
  if (!explained) return rpc::status_of(explained.error());
  auto& figure = *piece.mutable_figure();
  figure.set_value(to_string(explained->value));
  figure.set_adjustments(to_string(explained->adjustments));
  figure.set_explained(to_string(explained->sum));
  figure.set_contributions(explained->contributions);
  writer->Write(piece);
  return {};
}

::grpc::Status BillingRpc::Adjustments(::grpc::ServerContext*, const v1::AdjustmentsRequest* request, ::grpc::ServerWriter<v1::Adjustment>* writer) {
  if (!request->booked_month().empty() && !parse_month(request->booked_month()))
    return rpc::invalid_argument("booked_month '" + request->booked_month() + "': say it as 2026-10, or leave it empty");
  const auto adjustments = reader_.adjustments(request->tenant(), request->booked_month(), request->generation());
  if (!adjustments) return rpc::status_of(adjustments.error());
  v1::Adjustment told;
  for (const auto& made : *adjustments) {
    told.set_tenant(made.tenant);
    told.set_meter(made.meter);
    told.set_unit(made.unit);
    told.set_window_start_ms(made.window_start_ms);
    told.set_window_ms(made.window_ms);
    told.set_value(to_string(made.value));
    told.set_of_month(to_string(month_of(made.window_start_ms)));
    told.set_booked_month(made.booked_month);
    told.set_plan_id(made.plan);
    told.set_applied_ms(made.applied_ms);
    if (!writer->Write(told)) break;
  }
  return {};
}

::grpc::Status BillingRpc::Watermarks(::grpc::ServerContext*, const v1::WatermarksRequest* request, v1::WatermarksResponse* response) {
  MarkQuestion question{request->generation(), request->pipeline(), request->topic_id(), {}};
  if (request->has_partition()) question.partition = request->partition();
  const auto marks = reader_.marks(question);
  if (!marks) return rpc::status_of(marks.error());
  response->set_generation(marks->generation);
  for (const auto& mark : marks->marks) {
    auto& told = *response->add_watermarks();
    told.set_pipeline(mark.pipeline);
    told.set_topic(mark.topic);
    told.set_topic_id(mark.topic_id);
    told.set_partition(mark.partition);
    told.set_expected(mark.expected.value);
  }
  return {};
}

}  // namespace millrace::billing

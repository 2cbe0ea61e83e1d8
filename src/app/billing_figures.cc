// millrace billing usage, statement, explain: what a tenant used, and where the figure comes from.
#include <cstdio>

#include "app/billing_options.h"

namespace millrace::app {
namespace {

namespace v1 = billing::v1;

struct FigureOptions {
  BillingAccess access;
  BillingPeriod period;
  std::string tenant, meter, unit, granularity = "as-metered";
  bool csv = false;
  size_t most = 50;
};

int usage(const FigureOptions& options) {
  const auto period = options.period.read();
  if (!period) return 2;
  v1::UsageRequest request;
  request.set_tenant(options.tenant);
  request.set_meter(options.meter);
  request.set_from_ms(period->first);
  request.set_to_ms(period->second);
  request.set_generation(options.access.generation);
  request.set_granularity(options.granularity == "hour"    ? v1::HOUR
                          : options.granularity == "day"   ? v1::DAY
                          : options.granularity == "month" ? v1::MONTH
                                                           : v1::GRANULARITY_AS_METERED);
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  const auto stub = options.access.stub();
  const auto reader = stub->Usage(&context, request);
  BillingRows rows = {{"window", "meter", "value", "unit", "adjustments", "month"}};
  for (v1::UsageRow row; reader->Read(&row);)
    rows.push_back(
        {billing_window(row.window_start_ms(), row.window_ms()), row.meter(), row.value(), row.unit(), row.adjustments(), row.closed() ? "closed" : "open"});
  if (const int failed = billing_exit(reader->Finish(), options.access)) return failed;
  if (rows.size() == 1) std::fprintf(stderr, "nothing was metered for %s then\n", options.tenant.c_str());
  print_billing_rows(rows, options.csv ? BillingFormat::kCsv : BillingFormat::kTable);
  return 0;
}

int statement(const FigureOptions& options) {
  v1::StatementRequest request;
  request.set_tenant(options.tenant);
  request.set_month(options.period.month);
  request.set_generation(options.access.generation);
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  const auto stub = options.access.stub();
  const auto reader = stub->Statement(&context, request);
  std::string csv;
  for (v1::StatementPiece piece; reader->Read(&piece);) csv += piece.csv();
  if (const int failed = billing_exit(reader->Finish(), options.access)) return failed;
  std::fwrite(csv.data(), 1, csv.size(), stdout);
  return 0;
}

int explain(const FigureOptions& options) {
  const auto period = options.period.read();
  if (!period) return 2;
  v1::ExplainRequest request;
  request.set_tenant(options.tenant);
  request.set_meter(options.meter);
  request.set_unit(options.unit);
  request.set_from_ms(period->first);
  request.set_to_ms(period->second);
  request.set_generation(options.access.generation);
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  const auto stub = options.access.stub();
  const auto reader = stub->Explain(&context, request);
  BillingRows rows = {{"window", "value", "unit", "pipeline", "topic", "partition", "begin", "end", "records", "applied", "plan"}};
  v1::Figure figure;
  for (v1::ExplainPiece piece; reader->Read(&piece);) {
    if (piece.has_figure()) figure = piece.figure();
    if (!piece.has_contribution() || rows.size() > options.most) continue;
    const auto& from = piece.contribution();
    rows.push_back({billing_window(from.window_start_ms(), from.window_ms()), from.value(), from.unit(), from.pipeline(), from.range().topic(),
                    std::to_string(from.range().partition()), std::to_string(from.range().begin()), std::to_string(from.range().end()),
                    std::to_string(from.range().records()), billing_time(from.applied_ms()), from.plan_id() + (from.adjustment() ? " adjustment" : "")});
  }
  if (const int failed = billing_exit(reader->Finish(), options.access)) return failed;
  print_billing_rows(rows, options.csv ? BillingFormat::kCsv : BillingFormat::kTable);
  if (figure.contributions() > rows.size() - 1)
    std::fprintf(stderr, "the first %zu of %llu contributions; --most shows more\n", rows.size() - 1, static_cast<unsigned long long>(figure.contributions()));
  std::fprintf(stderr, "figure %s, adjustments %s; the contributions add up to %s\n", figure.value().c_str(), figure.adjustments().c_str(),
               figure.explained().c_str());
  return 0;
}

}  // namespace

std::vector<BillingAct> billing_figures(CLI::App& cli) {
  auto options = std::make_shared<FigureOptions>();
  CLI::App* usage_command = cli.add_subcommand("usage", "what a tenant used, window by window");
  usage_command->footer("  millrace billing usage acme --month 2026-10 --by day");
  CLI::App* statement_command = cli.add_subcommand("statement", "a tenant's month as CSV");
  statement_command->footer("  millrace billing statement acme --month 2026-10 >acme-2026-10.csv");
  CLI::App* explain_command = cli.add_subcommand("explain", "which plans and offsets a figure comes from");
  explain_command->footer("  millrace billing explain acme turnover --from 2026-10-01 --to 2026-10-02");
  for (CLI::App* command : {usage_command, statement_command, explain_command}) {
    options->access.add_to(*command);
    command->add_option("TENANT", options->tenant)->required();
  }
  explain_command->add_option("METER", options->meter)->required();
  explain_command->add_option("--unit", options->unit, "by default all of the meter's");
  explain_command->add_option("--most", options->most, "how many contributions are shown")->capture_default_str();
  usage_command->add_option("--meter", options->meter, "by default all of them");
  usage_command->add_option("--by", options->granularity, "hour, day or month: windows are summed up to it")
      ->check(CLI::IsMember({"as-metered", "hour", "day", "month"}));
  statement_command->add_option("--month", options->period.month, "2026-10")->required();
  for (CLI::App* command : {usage_command, explain_command}) {
    options->period.add_to(*command);
    command->add_flag("--csv", options->csv, "CSV instead of a table");
  }
  return {{usage_command, [options] { return usage(*options); }}, {statement_command, [options] { return statement(*options); }}, {explain_command, [options] {
                                                                                                                                     return explain(*options);
                                                                                                                                   }}};
}

}  // namespace millrace::app

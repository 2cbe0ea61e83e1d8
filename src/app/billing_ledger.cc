// millrace billing close-month, adjustments, watermarks, skip: the ledger's books.
#include <cstdio>
#include <cstdlib>

#include "app/billing_options.h"

namespace millrace::app {
namespace {

namespace v1 = billing::v1;

struct LedgerOptions {
  BillingAccess access;
  std::string tenant, month, author, pipeline, reason, topic, topic_id, plan;
  int32_t partition = 0;
  int64_t begin = 0, end = 0;
  bool csv = false;

  std::string who() const {
    const char* const user = std::getenv("USER");
    return !author.empty() ? author : user != nullptr ? user : "";
  }
  BillingFormat format() const { return csv ? BillingFormat::kCsv : BillingFormat::kTable; }
};

int close_month(const LedgerOptions& options) {
  v1::CloseMonthRequest request;
  request.set_month(options.month);
  request.set_author(options.who());
  v1::CloseMonthResponse response;
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  if (const int failed = billing_exit(options.access.stub()->CloseMonth(&context, request, &response), options.access)) return failed;
  std::printf("%s %s closed, at %s\n", options.month.c_str(), response.was_closed() ? "was already" : "is", billing_time(response.closed_at_ms()).c_str());
  return 0;
}

int adjustments(const LedgerOptions& options) {
  v1::AdjustmentsRequest request;
  request.set_tenant(options.tenant);
  request.set_booked_month(options.month);
  request.set_generation(options.access.generation);
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  const auto stub = options.access.stub();
  const auto reader = stub->Adjustments(&context, request);
  BillingRows rows = {{"tenant", "of_month", "booked", "window", "meter", "value", "unit", "applied", "plan"}};
  for (v1::Adjustment made; reader->Read(&made);)
    rows.push_back({made.tenant(), made.of_month(), made.booked_month(), billing_window(made.window_start_ms(), made.window_ms()), made.meter(), made.value(),
                    made.unit(), billing_time(made.applied_ms()), made.plan_id()});
  if (const int failed = billing_exit(reader->Finish(), options.access)) return failed;
  print_billing_rows(rows, options.format());
  return 0;
}

int watermarks(const LedgerOptions& options) {
  v1::WatermarksRequest request;
  request.set_pipeline(options.pipeline);
  request.set_generation(options.access.generation);
  v1::WatermarksResponse response;
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  if (const int failed = billing_exit(options.access.stub()->Watermarks(&context, request, &response), options.access)) return failed;
  BillingRows rows = {{"pipeline", "topic", "partition", "expected", "topic_id"}};
  for (const auto& mark : response.watermarks())
    rows.push_back({mark.pipeline(), mark.topic(), std::to_string(mark.partition()), std::to_string(mark.expected()), mark.topic_id()});
  print_billing_rows(rows, options.format());
  return 0;
}

int skip(const LedgerOptions& options) {
  v1::DeclareSkipRequest request;
  request.set_generation(options.access.generation);
  request.set_pipeline(options.pipeline);
  request.set_plan_id(options.plan);
  request.set_author(options.who());
  request.set_reason(options.reason);
  auto& range = *request.mutable_range();
  range.set_topic(options.topic);
  range.set_topic_id(options.topic_id);
  range.set_partition(options.partition);
  range.set_begin(options.begin);
  range.set_end(options.end);
  v1::DeclareSkipResponse response;
  ::grpc::ClientContext context;
  set_billing_deadline(context);
  if (const int failed = billing_exit(options.access.stub()->DeclareSkip(&context, request, &response), options.access)) return failed;
  if (response.outcome() == v1::DeclareSkipResponse::SKIPPED || response.outcome() == v1::DeclareSkipResponse::KNOWN) {
    std::printf("%s; the next range begins at %lld\n", response.outcome() == v1::DeclareSkipResponse::KNOWN ? "was already skipped" : "skipped",
                static_cast<long long>(response.expected()));
    return 0;
  }
  std::fprintf(stderr, "millrace billing: refused: %s\n", response.message().c_str());
  return 1;
}

}  // namespace

std::vector<BillingAct> billing_ledger(CLI::App& cli) {
  auto options = std::make_shared<LedgerOptions>();
  CLI::App* close_command =
      cli.add_subcommand("close-month", "a month's figures stand still from now on; what still comes for it is an adjustment of a later one");
  close_command->footer("  millrace billing close-month 2026-10");
  close_command->add_option("MONTH", options->month, "2026-10; it must be over")->required();
  CLI::App* adjustments_command = cli.add_subcommand("adjustments", "what came for closed months");
  adjustments_command->add_option("--tenant", options->tenant, "by default all");
  adjustments_command->add_option("--booked", options->month, "the month that took it, 2026-11; by default all");
  CLI::App* watermarks_command = cli.add_subcommand("watermarks", "the offset that the next range of each partition must begin at");
  watermarks_command->add_option("--pipeline", options->pipeline, "by default all");
  CLI::App* skip_command = cli.add_subcommand("skip", "a range was given up: nothing in it is billed");
  skip_command->footer(
      "For a gap that nobody will fill. It is recorded with its author and reason.\n\n"
      "  millrace billing skip --pipeline shop --topic orders --topic-id UUID --partition 3 --begin 1000 --end 1200 --reason 'records expired'");
  skip_command->add_option("--pipeline", options->pipeline)->required();
  skip_command->add_option("--topic", options->topic)->required();
  skip_command->add_option("--topic-id", options->topic_id, "as watermarks shows it")->required();
  skip_command->add_option("--partition", options->partition)->required();
  skip_command->add_option("--begin", options->begin, "the first offset of the range")->required();
  skip_command->add_option("--end", options->end, "the first offset after it")->required();
  skip_command->add_option("--plan", options->plan, "that was given up");
  skip_command->add_option("--reason", options->reason)->required();
  for (CLI::App* command : {close_command, adjustments_command, watermarks_command, skip_command}) options->access.add_to(*command);
  for (CLI::App* command : {close_command, skip_command}) command->add_option("--author", options->author, "by default $USER");
  for (CLI::App* command : {adjustments_command, watermarks_command}) command->add_flag("--csv", options->csv, "CSV instead of a table");
  return {{close_command, [options] { return close_month(*options); }},
          {adjustments_command, [options] { return adjustments(*options); }},
          {watermarks_command, [options] { return watermarks(*options); }},
          {skip_command, [options] { return skip(*options); }}};
}

}  // namespace millrace::app

#include "pipeline/sinks/billing/billing_client.h"

#include <millrace/billing/v1/billing.grpc.pb.h>

#include "clients/grpc/channel.h"
#include "clients/grpc/status.h"

namespace millrace::pipeline {

namespace v1 = billing::v1;

namespace {

v1::ApplyPlanRequest request_of(const BillingOrder& order, uint32_t generation) {
  v1::ApplyPlanRequest request;
  request.set_generation(generation);
  request.set_pipeline(order.pipeline);
  request.set_plan_id(to_string(order.plan.value));
  request.set_plan_time_ms(order.time_ms);
  for (const auto& range : order.ranges) {
    auto& sent = *request.add_ranges();
    sent.set_topic(range.topic);
    sent.set_topic_id(to_string(range.topic_id.value));
    sent.set_partition(range.partition.value);
    sent.set_begin(range.offsets.begin.value);
    sent.set_end(range.offsets.end.value);
    sent.set_records(range.records);
  }
  for (const auto& usage : order.usage) {
    auto& sent = *request.add_usage();
    sent.set_range(usage.range);
    sent.set_tenant(usage.tenant);
    sent.set_meter(usage.meter);
    sent.set_unit(usage.unit);
    sent.set_window_start_ms(usage.window_start_ms);
    sent.set_window_ms(usage.window_ms);
    sent.set_value(to_string(usage.value));
  }
  return request;
}

}  // namespace

struct BillingClient::Impl {
  BillingClientSettings settings;
  std::unique_ptr<v1::Billing::Stub> stub;
  CallGate gate;
  metrics::Counter acknowledged, refused, failed;
  metrics::Histogram seconds;
};

BillingClient::BillingClient(BillingClientSettings settings, metrics::Registry& metrics)
    : impl_(new Impl{.settings = settings,
                     .stub = v1::Billing::NewStub(rpc::connect(settings.address)),
                     .gate = CallGate(settings.backoff),
                     .acknowledged = metrics.counter("millrace_billing_calls_total", {{"outcome", "acknowledged"}}),
                     .refused = metrics.counter("millrace_billing_calls_total", {{"outcome", "refused"}}),
                     .failed = metrics.counter("millrace_billing_calls_total", {{"outcome", "failed"}}),
                     .seconds = metrics.histogram("millrace_billing_call_seconds")}) {}

BillingClient::~BillingClient() = default;

CallGate& BillingClient::gate() { return impl_->gate; }

Result<std::optional<std::string>> BillingClient::apply(const BillingOrder& order) {
  const auto began = std::chrono::steady_clock::now();
  ::grpc::ClientContext context;
  rpc::set_deadline(context, impl_->settings.deadline);
  v1::ApplyPlanResponse response;
  const auto status = impl_->stub->ApplyPlan(&context, request_of(order, impl_->settings.generation), &response);
  if (!status.ok()) {
    Error error = rpc::error_of(status, "billing at " + impl_->settings.address);
    if (rpc::is_invalid_argument(error)) {
      impl_->refused.add();
      return error.message;
    }
    impl_->failed.add();
    return std::unexpected(std::move(error));
  }
  if (response.outcome() == v1::ApplyPlanResponse::APPLIED || response.outcome() == v1::ApplyPlanResponse::KNOWN) {
    impl_->acknowledged.add();
    impl_->seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    return std::nullopt;
  }
  impl_->refused.add();
  return "billing at " + impl_->settings.address + " refuses the plan: " + (response.message().empty() ? "an answer of a newer release" : response.message());
}

Result<std::optional<Offset>> BillingClient::expected(const std::string& pipeline, const TopicId& topic, PartitionId partition) {
  ::grpc::ClientContext context;
  rpc::set_deadline(context, impl_->settings.deadline);
  v1::WatermarksRequest request;
  request.set_generation(impl_->settings.generation);
  request.set_pipeline(pipeline);
  request.set_topic_id(to_string(topic.value));
  request.set_partition(partition.value);
  v1::WatermarksResponse response;
  const auto status = impl_->stub->Watermarks(&context, request, &response);
  if (!status.ok()) return std::unexpected(rpc::error_of(status, "billing at " + impl_->settings.address));
  if (response.watermarks().empty()) return std::nullopt;
  return Offset(response.watermarks(0).expected());
}

}  // namespace millrace::pipeline

#include "tools/operate/billing_marks.h"

#include <millrace/billing/v1/billing.grpc.pb.h>

#include <cstdlib>

#include "base/log.h"
#include "clients/grpc/channel.h"
#include "clients/grpc/status.h"

namespace millrace::operate {

namespace v1 = billing::v1;

namespace {

constexpr std::chrono::milliseconds kCall{10'000};

// One call of the ledger.
template <class Request, class Response>
Status ask(const Settings& settings, const char* what, ::grpc::Status (v1::Billing::Stub::*call)(::grpc::ClientContext*, const Request&, Response*),
           const Request& request, Response& response) {
  v1::Billing::Stub stub(rpc::connect(settings.billing_address));
  ::grpc::ClientContext context;
  rpc::set_deadline(context, kCall);
  const ::grpc::Status status = (stub.*call)(&context, request, &response);
  if (status.ok()) return {};
  return std::unexpected(rpc::error_of(status, std::string(what) + " of billing at " + settings.billing_address));
}

}  // namespace

Result<std::optional<Offset>> billed_until(const Settings& settings, const TopicPartition& partition, TopicId topic) {
  if (settings.billing_address.empty()) return std::nullopt;
  v1::WatermarksRequest request;
  request.set_pipeline(settings.group);
  request.set_topic_id(to_string(topic.value));
  request.set_partition(partition.partition.value);
  v1::WatermarksResponse response;
  if (auto asked = ask(settings, "watermarks", &v1::Billing::Stub::Watermarks, request, response); !asked) return std::unexpected(asked.error());
  if (response.watermarks().empty()) return std::nullopt;
  return Offset(response.watermarks(0).expected());
}

Status skip_in_billing(const Settings& settings, const TopicPartition& partition, TopicId topic, Offset end, const std::string& plan,
                       const std::string& reason) {
  const auto until = billed_until(settings, partition, topic);
  if (!until) return std::unexpected(until.error());
  if (!*until || **until >= end) return {};
  v1::DeclareSkipRequest request;
  request.set_generation(settings.ledger_generation);
  request.set_pipeline(settings.group);
  request.set_plan_id(plan);
  const char* user = std::getenv("USER");
  request.set_author(user != nullptr && *user != 0 ? user : "operator");
  request.set_reason(reason.empty() ? "given up by an operator" : reason);
  v1::Range& range = *request.mutable_range();
  range.set_topic(partition.topic);
  range.set_topic_id(to_string(topic.value));
  range.set_partition(partition.partition.value);
  range.set_begin((*until)->value);
  range.set_end(end.value);
  v1::DeclareSkipResponse response;
  if (auto asked = ask(settings, "a skip", &v1::Billing::Stub::DeclareSkip, request, response); !asked) return asked;
  if (response.outcome() != v1::DeclareSkipResponse::SKIPPED && response.outcome() != v1::DeclareSkipResponse::KNOWN)
    return permanent("billing refuses to skip " + to_string(partition) + " from " + std::to_string((*until)->value) + " to " + std::to_string(end.value) +
                     ": " + response.message());
  log::info("billing: {} from offset {} to {} is skipped", to_string(partition), (*until)->value, end.value);
  return {};
}

}  // namespace millrace::operate

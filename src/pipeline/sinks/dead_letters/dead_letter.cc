#include "pipeline/sinks/dead_letters/dead_letter.h"

namespace millrace::pipeline {

DeadLetter::DeadLetter(const RejectedRecord& rejected, PlanId plan, int64_t plan_time_ms) : rejected_(&rejected), headers_(rejected.headers) {
  const auto add = [this](const char* name, std::string value) { headers_.push_back({name, std::move(value)}); };
  add("millrace.topic", rejected.source.topic);
  add("millrace.partition", std::to_string(rejected.source.partition.value));
  add("millrace.offset", std::to_string(rejected.offset.value));
  if (rejected.timestamp_ms >= 0) add("millrace.timestamp_ms", std::to_string(rejected.timestamp_ms));
  if (rejected.schema) add("millrace.schema_id", std::to_string(rejected.schema->value));
  add("millrace.error_code", name(rejected.rejection.code));
  add("millrace.stage", name(rejected.rejection.stage));
  add("millrace.reason", rejected.rejection.reason);
  if (rejected.rejection.byte >= 0) add("millrace.byte", std::to_string(rejected.rejection.byte));
  add("millrace.attempts", std::to_string(rejected.attempts));
  add("millrace.rejected_at_ms", std::to_string(plan_time_ms));
  add("millrace.plan", to_string(plan.value));
}

kafka::OutgoingRecord DeadLetter::outgoing(const std::string& topic) const {
  kafka::OutgoingRecord record;
  record.topic = topic;
  record.key = rejected_->key;
  record.value = rejected_->value;
  record.null_key = rejected_->null_key;
  record.null_value = rejected_->null_value;
  record.headers = &headers_;
  return record;
}

}  // namespace millrace::pipeline

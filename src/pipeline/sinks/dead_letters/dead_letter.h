#pragma once
// A rejected record as it stands on the DLQ topic: key, value and headers as they were, byte for byte, and behind them headers of ours
// that say where it is from and why it is here. Header values are text (UTF-8, numbers in decimal); a header that has nothing to say is
// left out:
//
//   millrace.topic, millrace.partition, millrace.offset   where it stood
//   millrace.timestamp_ms                                 its timestamp there
//   millrace.schema_id                                    of its frame, as far as that could be read
//   millrace.error_code, millrace.stage, millrace.reason  base/rejection.h
//   millrace.byte                                         where in the value it went wrong
//   millrace.attempts                                     how often it was tried
//   millrace.rejected_at_ms                               when its epoch was planned
//   millrace.plan                                         that plan's id

#include <string>
#include <vector>

#include "clients/kafka/types.h"
#include "pipeline/decode/rejected_record.h"

namespace millrace::pipeline {

// Owns its headers; views of key and value go to the rejected record, which must stay.
class DeadLetter {
 public:
  DeadLetter(const RejectedRecord& rejected, PlanId plan, int64_t plan_time_ms);
  kafka::OutgoingRecord outgoing(const std::string& topic) const;  // views of this, of the rejected record, and of `topic`
  kafka::OutgoingRecord outgoing(std::string&& topic) const = delete;

 private:
  const RejectedRecord* rejected_;
  std::vector<kafka::Header> headers_;
};

}  // namespace millrace::pipeline

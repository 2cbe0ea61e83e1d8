#pragma once
// Reads the records of a plan's ranges once more, whole, for the dead-letter topic.

#include <chrono>
#include <vector>

#include "clients/kafka/types.h"
#include "pipeline/commit/plan.h"
#include "pipeline/decode/rejected_record.h"

namespace millrace::operate {

struct RangeRecords {
  pipeline::PlanRange range;
  std::vector<pipeline::RejectedRecord> records;  // in order of offset; their rejection says that they were abandoned
  bool as_planned = false;                        // the same ones, by number and checksum
  // Of the planned ones, how many are surely gone. 0 and not as_planned: the log was rewritten.
  uint64_t gone() const { return range.records > records.size() ? range.records - records.size() : 0; }
};

// All of it is held in memory: a plan is bounded by the workers' epoch settings. The error: it can't be read now (`silence`: how long
// the broker may give nothing at all). Records that are no longer in the log aren't an error.
Result<std::vector<RangeRecords>> read_ranges(const kafka::KafkaProperties& kafka, const pipeline::Plan& plan, const std::vector<pipeline::PlanRange>& ranges,
                                              const std::string& reason, int attempts, std::chrono::milliseconds silence);

}  // namespace millrace::operate

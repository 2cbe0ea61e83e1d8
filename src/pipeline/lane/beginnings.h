#pragma once
// Where the pipeline begins in a partition for which the group has no offset (I7). Blocks for some seconds at most. One thread.

#include <expected>
#include <string>

#include "clients/kafka/reader.h"
#include "pipeline/lane/lane_sinks.h"

namespace millrace::pipeline {

struct BeginningSettings {
  int64_t start_ms = 0;  // the first record that is not older; 0: the first there is. A partition younger than that begins with its first record
};

// The error is kPermanent where an operator must decide (a sink has rows of the partition), kTransient where asking again may help.
Result<Offset> resolve_beginning(const TopicPartition& partition, TopicId topic, const BeginningSettings& settings, kafka::Reader& reader, LaneSinks& sinks);

}  // namespace millrace::pipeline

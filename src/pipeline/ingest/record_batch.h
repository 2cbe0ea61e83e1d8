#pragma once
// The seam between ingest and decode: views of key, value, offset and timestamp over memory that the batch owns. A leaner fetcher may
// take librdkafka's place behind it.

#include <cstdint>
#include <span>

#include "base/ids.h"
#include "clients/kafka/batch.h"

namespace millrace::pipeline {

using Record = kafka::RecordRef;
using RecordBatch = kafka::MessageBatch;

// Neighbours of one partition in one batch, in order of offset; valid while the batch lives.
struct RecordRun {
  TopicPartition partition;
  std::span<const Record> records;
  const RecordBatch* batch = nullptr;
  size_t first = 0;  // index of records[0] in the batch: its headers are batch->headers(first + i)
};

}  // namespace millrace::pipeline

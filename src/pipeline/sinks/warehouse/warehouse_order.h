#pragma once
// What the sink is given: an epoch's rows by table, and the ranges that they were made of.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "columns/block.h"
#include "pipeline/sinks/warehouse/row_spool.h"

namespace millrace::pipeline {

struct WarehouseRange {
  std::string topic;
  TopicId topic_id;
  PartitionId partition;
  OffsetRange offsets;
  int64_t records = 0;
  bool operator==(const WarehouseRange&) const = default;
};

struct WarehouseTable {
  std::string table, topic;                // topic: "" where rows have a _topic of their own
  std::string event_time;                  // the DateTime or DateTime64 column that tells when the event was; "": none
  std::vector<std::string> bytes_columns;  // String columns that hold bytes and not text
  // The reader schema's columns, then _partition, _offset, _schema_id. Only read, so that another sink may write them at the same time.
  std::shared_ptr<const columns::Block> rows;
  SpooledRows before{};  // on disk: those that come before `rows`
};

struct WarehouseOrder {
  PlanId plan;
  std::string pipeline;
  int64_t time_ms = 0;  // the plan's: the rows' _ingested_at, and the day and hour that the files stand under
  std::vector<WarehouseRange> ranges;
  std::vector<WarehouseTable> tables;  // several of one table have the same columns, and go into one file, in this order: which must be the plan's
};

}  // namespace millrace::pipeline

#pragma once
// What a sink is given: an epoch's rows, by table.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "columns/block.h"

namespace millrace::pipeline {

struct TableRows {
  std::string table, topic;  // topic: "" where rows have a _topic of their own
  columns::Block rows;       // the reader schema's columns, then _partition, _offset, _schema_id
};

struct WriteOrder {
  PlanId plan;
  int64_t time_ms = 0;  // the plan's: the rows' _ingested_at
  bool fresh = false;   // the lane's own plan, and nobody has written it before
  size_t shard = 0;     // the plan's: commit/plan.h, shard_of()
  std::vector<TableRows> tables;
};

}  // namespace millrace::pipeline

#pragma once
// Which partitions a pipeline has ever written of: a small file for each, made before the manifest of the first plan with it. A lane that finds no offset of a partition asks for
// it (I7), which is one read, however many manifests there are.

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pipeline/sinks/warehouse/storage.h"
#include "pipeline/sinks/warehouse/warehouse_order.h"

namespace millrace::pipeline {

class PartitionMarks {
 public:
  // After it, every partition of the order has its mark for good. What was marked once isn't asked for again.
  Status mark(Storage& storage, const WarehouseOrder& order, const Cancelled& cancelled);
  // Where the first range of the partition began; none: nothing was ever written of it.
  static Result<std::optional<Offset>> first_of(Storage& storage, std::string_view pipeline, TopicId topic, PartitionId partition);

 private:
  std::set<std::string> known_;  // by name
};

}  // namespace millrace::pipeline

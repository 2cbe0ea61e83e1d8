#pragma once
// What stands where under the warehouse's root: a function of the plan, so that whoever writes a plan writes the same files.

#include <string>
#include <string_view>

#include "base/ids.h"

namespace millrace::pipeline {

// TABLE/date=YYYY-MM-DD/hour=HH/PLAN.parquet, the plan's time in UTC. In the table's name, what is neither letter, digit, `-`, `.` nor `_` is %XX, and so is a `.` or
// `_` at its beginning: it is a folder that no other table has, and never `_manifest`.
std::string file_name(std::string_view table, const PlanId& plan, int64_t time_ms);
std::string manifest_name(const PlanId& plan);  // _manifest/PLAN.json
// _partitions/PIPELINE/TOPIC-ID.PARTITION.json, the pipeline's name as the table's above.
std::string mark_name(std::string_view pipeline, TopicId topic, PartitionId partition);

}  // namespace millrace::pipeline

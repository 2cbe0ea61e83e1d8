#pragma once
// Clients of the pipeline's shards: a plan's rows are on one of them, a partition's on any.

#include <vector>

#include "clients/clickhouse/client.h"
#include "pipeline/commit/plan.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

// One for each shard; none if ClickHouse isn't named.
std::vector<clickhouse::Client> shard_clients(const Settings& settings);
// Of the shard that the plan's rows go to. An error: ClickHouse isn't named, or the settings have fewer shards than the plan was made with.
Result<clickhouse::Client> client_of_plan(const Settings& settings, const pipeline::Plan& plan);

}  // namespace millrace::operate

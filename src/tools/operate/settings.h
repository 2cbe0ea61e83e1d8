#pragma once
// What an operator's act must know of the pipeline: the same as its workers do.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "clients/clickhouse/client.h"
#include "clients/kafka/types.h"
#include "pipeline/commit/clickhouse_write.h"

namespace millrace::operate {

struct Settings {
  kafka::KafkaProperties kafka;
  std::string group;                // the pipeline's name
  std::vector<std::string> topics;  // empty: those that the group has offsets of
  std::string dead_letters = "millrace.dlq";
  std::optional<clickhouse::Endpoint> clickhouse;           // none: nothing is asked of it, and what needs it refuses
  std::vector<std::vector<std::string>> clickhouse_shards;  // URLs, as workers have them; empty: clickhouse->url alone
  std::string billing_address;                              // HOST:PORT; "": nothing is billed
  uint32_t ledger_generation = 0;                           // 0: the current one
  // How long after its owners were fenced an insert of theirs may still land: the rest of its term, and the guard.
  std::chrono::milliseconds inserts_land_within{pipeline::ClickHouseWrite::kTermMs + pipeline::ClickHouseWrite::kGuardMs};
  std::chrono::milliseconds patience{30'000};  // with pending transactions and rebalances
};

}  // namespace millrace::operate

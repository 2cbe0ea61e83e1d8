#pragma once
// Carries out what commit/clickhouse_write.h decides, for one table of one plan. Private to the room.

#include <chrono>
#include <functional>
#include <string>

#include "clients/clickhouse/client.h"
#include "clients/metrics/registry.h"
#include "pipeline/commit/clickhouse_write.h"
#include "pipeline/sinks/clickhouse/write_order.h"

namespace millrace::pipeline {

struct TableWriterContext {
  clickhouse::Client& client;
  const clickhouse::Settings& settings;  // of inserts
  metrics::Registry& metrics;
  // Waits; false: the order was cancelled, stop at once.
  std::function<bool(std::chrono::milliseconds)> wait;
  std::function<void(const std::string&)> trouble;  // something refuses: the reason, and what would mend it
  std::function<void()> crowded;                    // there are too many parts, or inserts are held back for that
};

enum class TableOutcome { kDurable, kStopped, kCancelled };

// Blocks until the rows are there for good, or nobody wants them any more. kStopped: `reason` says why nothing may be written.
TableOutcome write_table(const WriteOrder& order, const TableRows& table, TableWriterContext& context, std::string& reason);

}  // namespace millrace::pipeline

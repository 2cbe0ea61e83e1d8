#pragma once
// What a worker is told: millrace.yaml, read and checked whole.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/clickhouse/client.h"
#include "clients/kafka/types.h"
#include "pipeline/lane/rule_settings.h"
#include "pipeline/sinks/warehouse/storage.h"

namespace millrace::pipeline {

// When an epoch closes: at the first of these that comes, once the one before it is written. Until then it grows, to the last two at most.
struct EpochSettings {
  std::chrono::milliseconds linger{500};
  size_t records = 5000;
  size_t records_max = 200'000;
  size_t bytes_max = size_t{8} << 20;  // of keys and values; less while the sink is slow (epoch_pace.h)
};

// Where one pipeline takes events from, and where they go: at least one sink.
struct PipelineSettings {
  std::string pipeline = "millrace";  // the consumer group; part of every id
  std::string instance;               // this process among its like: stable over restarts, so that they cost no rebalance
  int lanes = 2;
  std::vector<std::string> topics;
  std::string dead_letters = "millrace.dlq";
  std::string alerts;    // the topic; "": none are sent
  int64_t start_ms = 0;  // where the pipeline starts in a partition that it has never read: the first record not older; 0: the first there is
  kafka::KafkaProperties kafka;
  // Where rows go: to one of the two, or nowhere.
  clickhouse::Endpoint clickhouse;                          // url: the first server of the first shard; "": not there
  std::vector<std::vector<std::string>> clickhouse_shards;  // URLs: a list of shards, each a list of replicas of one another
  std::string clickhouse_cluster;                           // as ClickHouse names it, for statements ON CLUSTER; "": none
  clickhouse::Settings insert_settings;                     // insert_quorum, fsync_after_insert …
  StorageSettings warehouse;                                // no name: not there
  size_t warehouse_bytes_in_memory = size_t{16} << 20;      // of a lane's rows, while they are collected; the rest is on disk
  std::string billing_address;                              // HOST:PORT of the billing service; "": nothing is billed
  uint32_t ledger_generation = 1;
  RuleSettings rules;
  EpochSettings epoch;
  size_t in_flight_records_max = 400'000;            // of a lane
  size_t in_flight_bytes_max = size_t{24} << 20;     // of a lane
  size_t prefetch_bytes_max = size_t{4} << 20;       // of a lane, in the Kafka client's queue
  std::chrono::milliseconds drain_deadline{20'000};  // to finish the epoch in flight when partitions are revoked
  std::chrono::milliseconds session_timeout{10'000};
};

// A process: its pipelines share the broker, the registry and what was asked of it.
struct WorkerSettings {
  std::vector<PipelineSettings> pipelines;
  kafka::KafkaProperties kafka;
  std::string registry_url;
  std::string schema_file;  // the registry's answers, kept; "": not kept
};

// The error names file, line and setting, and says what would be right: "millrace.yaml:14: clickhouse.url: …".
Result<WorkerSettings> read_worker_settings(const std::string& path);

}  // namespace millrace::pipeline

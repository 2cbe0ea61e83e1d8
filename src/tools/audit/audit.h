#pragma once
// Whether every committed record of the log is exactly once in the table (or in the warehouse's files) or among the dead letters, and no alert twice, early, or of a record
// that isn't delivered. Which alerts there must be it can't say: it knows no rules. Shares nothing with the lane but
// the clients for Kafka, ClickHouse, Parquet, S3 and HTTP.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/clickhouse/client.h"
#include "clients/kafka/types.h"
#include "clients/object_store/bucket.h"
#include "tools/audit/compare.h"

namespace millrace::audit {

struct AuditSettings {
  kafka::KafkaProperties kafka;
  clickhouse::Endpoint clickhouse;
  std::string warehouse;                // directory, or s3://BUCKET/PREFIX, of Parquet files that are looked at instead of ClickHouse; "": ClickHouse is
  object_store::BucketSettings bucket;  // where such a bucket is
  std::string registry_url;
  std::string group;  // whose committed offsets bound the audit, and whose manifests count
  std::vector<std::string> topics;
  std::string dead_letters = "millrace.dlq";
  std::string alerts;   // their topic; "": they aren't looked at
  bool to_end = false;  // to the end of the log instead: after the pipeline has caught up
  size_t findings_max = 20;
  size_t threads = 2;
};

struct Report {
  std::map<std::string, Totals> by_topic;
  Totals all;
  std::vector<Finding> findings;  // the first ones
  double seconds = 0;
};

// Blocks; the memory is about 100 bytes a record of the largest topic. The error: it could not be found out.
Result<Report> run(const AuditSettings& settings);

std::string table_of(const std::string& topic);
std::string text(const Report& report);
std::string json(const Report& report);

}  // namespace millrace::audit

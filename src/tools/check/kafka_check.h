#pragma once
// What exactly once takes for granted of a Kafka cluster, read from it and judged before anything runs.

#include "clients/kafka/admin.h"
#include "tools/check/finding.h"

namespace millrace::check {

struct KafkaDemands {
  std::vector<std::string> sources;  // topics to read
  std::string dead_letters = "millrace.dlq";
  std::string alerts = "millrace.alerts";  // "": there are no rules
  std::chrono::milliseconds session_timeout{10'000}, transaction_timeout{10'000};
  size_t metadata_bytes = 4096;  // a plan may need so much
  bool production = true;        // replication is demanded, not only recommended
};

using Configs = std::map<std::string, std::string>;

// Pure: from what the cluster said.
std::vector<Finding> judge_broker(const Configs& configs, const KafkaDemands& demands);
std::vector<Finding> judge_source(const std::string& topic, const Configs& configs);
// Of __consumer_offsets, __transaction_state, the dead letters and the alerts: what they forget, the pipeline forgets.
std::vector<Finding> judge_replication(const std::string& topic, int replicas, const Configs& configs, const KafkaDemands& demands);
std::vector<Finding> judge_alerts(const std::string& topic, const Configs& configs);

// Asks the cluster and judges all of it. The error: it couldn't be asked.
Result<std::vector<Finding>> check_kafka(kafka::Admin& admin, const KafkaDemands& demands);

}  // namespace millrace::check

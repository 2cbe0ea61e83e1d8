// millrace check: says what in the cluster's settings would break exactly once, before anything runs.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>

#include "app/subcommand.h"
#include "clients/clickhouse/table_name.h"
#include "pipeline/lane/settings.h"
#include "tools/check/clickhouse_check.h"
#include "tools/check/kafka_check.h"

namespace millrace::app::check_command {

using Findings = std::vector<check::Finding>;

namespace {

void append(Findings& all, Findings more) { all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())); }

check::KafkaDemands demands_of(const pipeline::PipelineSettings& worker) {
  check::KafkaDemands demands;
  demands.sources = worker.topics;
  demands.dead_letters = worker.dead_letters;
  demands.alerts = worker.rules.catalog_topic.empty() ? "" : worker.alerts;
  demands.session_timeout = worker.session_timeout;
  return demands;
}

// Of the servers that rows go to, and of how often.
Findings check_clickhouse(const pipeline::PipelineSettings& worker, int workers) {
  std::vector<std::string> tables;
  for (const std::string& topic : worker.topics) tables.push_back(clickhouse::table_of_topic(topic));
  if (!worker.rules.catalog_topic.empty()) tables.emplace_back(clickhouse::kLeftOutTable);
  check::InsertLoad load{workers, worker.lanes, tables.size(), worker.clickhouse_shards.size(), worker.epoch.linger, {}};
  std::vector<std::vector<check::ServerFacts>> shards;
  for (const auto& replicas : worker.clickhouse_shards) {
    shards.emplace_back();
    for (const std::string& url : replicas) {
      clickhouse::Endpoint endpoint = worker.clickhouse;
      endpoint.url = url;
      endpoint.query_timeout = std::chrono::milliseconds(5000);
      shards.back().push_back(check::ask_server(endpoint, tables));
      if (!load.parts_to_throw) load.parts_to_throw = shards.back().back().parts_to_throw;
    }
  }
  Findings all = check::judge_servers(shards);
  append(all, check::judge_inserts(load));
  return all;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{
      "Reads the settings of the Kafka cluster, and with --settings those of the ClickHouse servers, and says what would break exactly once.\n"
      "Exit status: 0 nothing wrong (warnings are possible), 1 an error was found, 2 the Kafka cluster can't be asked."};
  kafka::KafkaProperties kafka;
  check::KafkaDemands by_hand;
  by_hand.sources = {"user.pageview", "order.created", "payment.processed", "session.end", "error.captured"};
  bool laptop = false;
  std::string settings;
  int workers = 1;
  auto* by_settings = app.add_option("--settings,--config", settings, "the workers' settings (YAML): brokers, topics and ClickHouse come from there");
  auto* brokers = app.add_option("--brokers", kafka.brokers, "host:port[,host:port]")->excludes(by_settings);
  app.add_option("--topics", by_hand.sources, "source topics")->delimiter(',')->capture_default_str()->needs(brokers);
  app.add_option("--dead-letters", by_hand.dead_letters, "topic of the dead letters")->capture_default_str()->needs(brokers);
  app.add_option("--alerts", by_hand.alerts, "topic of the alerts; empty if there are no rules")->capture_default_str()->needs(brokers);
  app.add_option("--workers", workers, "worker processes of the fleet, for the number of inserts a second")->capture_default_str()->needs(by_settings);
  app.add_flag("--laptop", laptop, "one node is enough: replication is a warning, not an error");
  CLI11_PARSE(app, argc, argv);
  Findings findings;
  std::vector<check::KafkaDemands> demands;
  if (!settings.empty()) {
    const auto worker = pipeline::read_worker_settings(settings);
    if (!worker) return std::fprintf(stderr, "%s\n", worker.error().message.c_str()), 1;
    kafka = worker->kafka;
    for (const auto& each : worker->pipelines) {
      demands.push_back(demands_of(each));
      if (!each.clickhouse_shards.empty()) append(findings, check_clickhouse(each, std::max(1, workers)));
    }
  } else if (kafka.brokers.empty()) {
    return std::fprintf(stderr, "say which cluster: --settings worker.yaml, or --brokers\n"), 2;
  } else {
    demands.push_back(std::move(by_hand));
  }
  auto admin = kafka::Admin::create(kafka);
  if (!admin) {
    std::fprintf(stderr, "%s\n", admin.error().message.c_str());
    return 2;
  }
  for (check::KafkaDemands& each : demands) {
    each.production = !laptop;
    auto found = check::check_kafka(*admin, each);
    if (!found) {
      std::fprintf(stderr, "%s: %s\n", kafka.brokers.c_str(), found.error().message.c_str());
      return 2;
    }
    append(findings, std::move(*found));
  }
  int errors = 0;
  std::set<std::string> said;  // pipelines share brokers and topics
  for (const auto& f : findings) {
    const bool error = f.severity == check::Severity::kError;
    if (!said.insert(f.subject + ": " + f.text).second) continue;
    errors += error;
    std::printf("%s  %s: %s\n", error ? "ERROR  " : "warning", f.subject.c_str(), f.text.c_str());
  }
  std::printf("%d error(s), %d warning(s)\n", errors, static_cast<int>(said.size()) - errors);
  return errors ? 1 : 0;
}

millrace::app::Subcommand check_command{"check", "judges the Kafka cluster's and ClickHouse's settings before anything runs", run};

}  // namespace millrace::app::check_command

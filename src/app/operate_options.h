#pragma once
// How `plan` and `offsets` are told of the pipeline: by its workers' settings, or by hand.
#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "pipeline/lane/settings.h"
#include "tools/operate/settings.h"

namespace millrace::app {

struct OperateOptions {
  std::string worker_settings, pipeline, brokers, group, dead_letters = "millrace.dlq", level = "info", billing;
  std::vector<std::string> topics;
  clickhouse::Endpoint clickhouse{.url = "", .password = {}};
  std::vector<std::string> properties;
  bool json = false;

  void add_to(CLI::App& cli) {
    auto* settings = cli.add_option("--settings,--config", worker_settings,
                                    "the workers' settings (YAML, as for `millrace worker --config`): all that is below comes from there");
    cli.add_option("--pipeline", pipeline, "which of the pipelines in these settings; needed when there are several")->needs(settings);
    auto* by_hand = cli.add_option("--brokers", brokers, "Kafka brokers, host:port[,host:port]; instead of --settings, together with --group");
    auto* of_group = cli.add_option("--group", group, "the pipeline's name, which is its consumer group");
    by_hand->needs(of_group), of_group->needs(by_hand);
    settings->excludes(by_hand);
    cli.add_option("--topic", topics, "a source topic; may be given several times; by default those that the group has offsets of")->needs(by_hand);
    cli.add_option("--dead-letters", dead_letters, "the dead-letter topic")->capture_default_str()->needs(by_hand);
    cli.add_option("--clickhouse", clickhouse.url, "URL of ClickHouse's HTTP interface; without it nothing is said of rows, and `abandon` refuses")
        ->needs(by_hand);
    cli.add_option("--user", clickhouse.user, "its user")->capture_default_str()->needs(by_hand);
    cli.add_option("--password", clickhouse.password, "its password")->envname("MILLRACE_CLICKHOUSE_PASSWORD");
    cli.add_option("--database", clickhouse.database, "its database")->capture_default_str()->needs(by_hand);
    cli.add_option("--billing", billing, "HOST:PORT of the billing service, which is told of what is skipped; without it nothing is billed")->needs(by_hand);
    cli.add_option("--kafka-property", properties, "NAME=VALUE for the Kafka client (security.protocol=SASL_SSL …); may be given several times")
        ->needs(by_hand);
    cli.add_flag("--json", json, "answer in JSON");
    cli.add_option("--log-level", level, "debug, info, warn, error")->capture_default_str();
  }

  Result<operate::Settings> read() const {
    operate::Settings settings;
    if (worker_settings.empty()) {
      if (brokers.empty()) return permanent("say which pipeline: --settings worker.yaml, or --brokers and --group");
      settings.kafka.brokers = brokers;
      for (const std::string& property : properties) {
        const size_t equals = property.find('=');
        if (equals == std::string::npos || equals == 0) return permanent("--kafka-property " + property + ": write NAME=VALUE");
        settings.kafka.overrides[property.substr(0, equals)] = property.substr(equals + 1);
      }
      settings.group = group;
      settings.topics = topics;
      settings.dead_letters = dead_letters;
      settings.billing_address = billing;
      if (!clickhouse.url.empty()) settings.clickhouse = clickhouse;
    } else {
      auto worker = pipeline::read_worker_settings(worker_settings);
      if (!worker) return std::unexpected(worker.error());
      std::string names;
      const pipeline::PipelineSettings* one = nullptr;
      for (const auto& each : worker->pipelines) {
        names += (names.empty() ? "" : ", ") + each.pipeline;
        if (each.pipeline == pipeline || (pipeline.empty() && worker->pipelines.size() == 1)) one = &each;
      }
      if (one == nullptr)
        return permanent(worker_settings + (pipeline.empty() ? " has several pipelines: say which with --pipeline" : ": there is no pipeline " + pipeline) +
                         "; there are " + names);
      settings.kafka = one->kafka;
      settings.group = one->pipeline;
      settings.topics = one->topics;
      settings.dead_letters = one->dead_letters;
      if (!one->clickhouse.url.empty()) settings.clickhouse = one->clickhouse;
      settings.clickhouse_shards = one->clickhouse_shards;
      settings.billing_address = one->billing_address;
      settings.ledger_generation = one->ledger_generation;
    }
    settings.kafka.client_id = "millrace-operator";
    return settings;
  }
};

}  // namespace millrace::app

// millrace audit: is every record exactly once where it belongs?
#include "tools/audit/audit.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "app/subcommand.h"
#include "base/log.h"

namespace millrace::app {
namespace audit_command {

int run(int argc, char** argv) {
  CLI::App cli{
      "Compares the log with ClickHouse, or a warehouse, and the dead letters: every record up to the committed offset must be exactly once in one of them,\n"
      "with the same event_id, tenant and amount, or the same bytes. Exit status: 0 it is so, 1 it is not (with a list), 2 it could not be found out.",
      "millrace audit"};
  audit::AuditSettings settings;
  settings.kafka.brokers = "127.0.0.1:9092";
  settings.clickhouse.url = "http://127.0.0.1:8123";
  settings.registry_url = "http://127.0.0.1:8081";
  settings.group = "millrace";
  settings.topics = {"user.pageview", "order.created", "payment.processed", "session.end", "error.captured"};
  std::string json_file;
  cli.add_option("--brokers", settings.kafka.brokers)->capture_default_str();
  cli.add_option("--registry", settings.registry_url)->capture_default_str();
  cli.add_option("--clickhouse", settings.clickhouse.url)->capture_default_str();
  cli.add_option("--warehouse", settings.warehouse,
                 "instead of ClickHouse the Parquet files that manifests below this directory, or s3://BUCKET/PREFIX, name; --group and --dead-letters are "
                 "that pipeline's "
                 "then. A bucket's keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the machine's role");
  auto* endpoint = cli.add_option("--endpoint", settings.bucket.endpoint, "of the bucket's store, http://HOST:PORT, if it isn't AWS");
  auto* region = cli.add_option("--region", settings.bucket.region, "of the bucket; by default AWS_REGION, or us-east-1");
  for (auto* of_bucket : {endpoint, region}) of_bucket->needs("--warehouse");
  cli.add_option("--user", settings.clickhouse.user)->capture_default_str();
  cli.add_option("--password", settings.clickhouse.password);
  cli.add_option("--database", settings.clickhouse.database)->capture_default_str();
  cli.add_option("--group", settings.group, "consumer group whose committed offsets bound the audit")->capture_default_str();
  cli.add_option("--topics", settings.topics)->delimiter(',')->capture_default_str();
  cli.add_option("--dead-letters", settings.dead_letters, "topic of the dead letters")->capture_default_str();
  cli.add_option("--alerts", settings.alerts, "topic of the alerts: none may be there twice, or of a record that isn't delivered and committed");
  cli.add_flag("--to-end", settings.to_end, "to the end of the log instead of to the committed offsets");
  cli.add_option("--findings", settings.findings_max, "list so many of them")->capture_default_str();
  cli.add_option("--threads", settings.threads, "that read the log")->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--json", json_file, "write the report to this file too");
  CLI11_PARSE(cli, argc, argv);
  log::start("audit");
  const auto report = audit::run(settings);
  if (!report) {
    log::error("{}", report.error().message);
    return 2;
  }
  std::fputs(audit::text(*report).c_str(), stdout);
  if (!json_file.empty() && !(std::ofstream(json_file) << audit::json(*report))) {
    log::error("{}: can't be written", json_file);
    return 2;
  }
  return report->all.wrong() == 0 ? 0 : 1;
}

const Subcommand subcommand("audit", "is every record exactly once in ClickHouse, or in the warehouse, or among the dead letters?", run);

}  // namespace audit_command
}  // namespace millrace::app

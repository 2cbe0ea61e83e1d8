// millrace catalog: tenants' rule sets and reference tables, checked and kept in a Kafka topic that workers read.
#include <CLI/CLI.hpp>
#include <optional>

#include "app/service_frame.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "services/catalog/service.h"

namespace millrace::app {
namespace catalog_command {

using namespace std::chrono_literals;

constexpr const char* kAbout =
    "Takes tenants' rule sets and reference tables over REST, checks them against every registered schema, makes ClickHouse's tables ready\n"
    "for what they derive, and writes them to a Kafka topic. Workers read that topic themselves: they need this service never.\n"
    "Any number may run on one topic and all may be written to: there is no leader. All state is in the topic; it is made if it is missing.\n\n"
    "  curl -T rules/acme.yaml 'localhost:PORT/v1/tenants/acme/rules?author=ada&comment=first'\n"
    "  curl -T plans.csv 'localhost:PORT/v1/tables/plans?key=plan_id'\n\n"
    "docs/catalog.md shows all of it; contracts/openapi/catalog.yaml describes the paths.";

int run(int argc, char** argv) {
  CLI::App cli{kAbout, "millrace catalog"};
  catalog::ServiceSettings settings;
  clickhouse::Endpoint clickhouse{.url = "http://127.0.0.1:8123", .password = {}};
  std::optional<uint16_t> metrics_port;
  double keep_days = 7, tidy_seconds = 600;
  bool no_tables = false;
  cli.add_option("--brokers", settings.brokers, "host:port[,host:port] of Kafka")->required();
  cli.add_option("--registry", settings.registry, "URL of the schema registry")->required();
  cli.add_option("--listen", settings.host, "the address to listen on; there is no authentication: put something in front that has")->capture_default_str();
  cli.add_option("--port", settings.port, "0 picks a free one")->capture_default_str();
  cli.add_option("--topic", settings.topic, "where the catalog is")->capture_default_str();
  cli.add_option("--clickhouse", clickhouse.url, "URL of ClickHouse's HTTP interface")->capture_default_str();
  cli.add_option("--user", clickhouse.user, "its user: needs ALTER ADD COLUMN on the topics' tables")->capture_default_str();
  cli.add_option("--password", clickhouse.password, "its password")->envname("MILLRACE_CLICKHOUSE_PASSWORD");
  cli.add_option("--database", settings.database, "where the topics' tables are")->capture_default_str();
  cli.add_flag("--no-tables", no_tables, "leave ClickHouse alone: somebody else adds the columns that rules derive, before");
  cli.add_option("--keep-days", keep_days, "versions that were replaced are kept for so long, and a day more")->capture_default_str();
  cli.add_option("--tidy-seconds", tidy_seconds, "how often older ones are given up")->capture_default_str();
  cli.add_option("--metrics-port", metrics_port, "serve /metrics and /healthz; 0 picks a free port");
  CLI11_PARSE(cli, argc, argv);
  log::start("catalog");
  while (settings.registry.ends_with('/')) settings.registry.pop_back();
  if (!no_tables) settings.clickhouse = clickhouse;
  settings.retention.versions = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double, std::ratio<86400>>(keep_days + 1));
  settings.tidy_every = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(tidy_seconds));

  ServiceFrame frame;
  metrics::Registry metrics;
  catalog::Service service(settings, metrics);
  const auto health = [&]() -> metrics::Health {
    const auto current = service.wait_current(0ms);
    if (!current) return {false, current.error().message};
    if (!*current) return {false, "the catalog isn't read yet"};
    if (const auto trouble = service.trouble()) return {false, *trouble};
    return {true, "ok"};
  };
  const auto exposed = ServiceFrame::expose(metrics, metrics_port, health);
  if (!exposed) return ServiceFrame::failed(exposed.error());
  service.start();
  const auto current = frame.wait_until([&] { return service.wait_current(100ms); });
  if (!current) return ServiceFrame::failed(current.error());
  if (*current) {
    if (auto listening = service.listen(); !listening) return ServiceFrame::failed(listening.error());
    frame.listen(settings.host, service.port());
  }
  service.stop();
  return 0;
}

const Subcommand subcommand("catalog", "tenants' rules and reference tables, checked and kept in Kafka", run);

}  // namespace catalog_command
}  // namespace millrace::app

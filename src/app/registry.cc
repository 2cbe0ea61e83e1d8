// millrace registry: a schema registry with Confluent's REST API, its state in a Kafka topic.
#include <CLI/CLI.hpp>
#include <optional>

#include "app/service_frame.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "services/registry/service.h"

namespace millrace::app {
namespace registry_command {

using namespace std::chrono_literals;

constexpr const char* kAbout =
    "A schema registry for Avro: Confluent's REST API, and Confluent's records in the topic, so that either can follow the other.\n"
    "Any number may run on one topic and all may be written to: there is no leader. All state is in the topic; it is made if it is\n"
    "missing. Waits for the broker if it isn't there yet; when it goes away, reads are answered from memory and writes with 50002.\n\n"
    "  curl -H 'Content-Type: application/json' -d '{\"schema\": \"\\\"string\\\"\"}' localhost:PORT/subjects/greeting-value/versions";

int run(int argc, char** argv) {
  CLI::App cli{kAbout, "millrace registry"};
  registry::ServiceSettings settings;
  std::optional<uint16_t> metrics_port;
  cli.add_option("--brokers", settings.brokers, "host:port[,host:port] of Kafka")->required();
  cli.add_option("--port", settings.port, "on 127.0.0.1; 0 picks a free one")->capture_default_str();
  cli.add_option("--topic", settings.topic, "where the schemas are")->capture_default_str();
  cli.add_flag("--read-only", settings.read_only, "write nothing: for running beside another vendor's registry on its topic, which doesn't heed ours");
  cli.add_option("--metrics-port", metrics_port, "serve /metrics and /healthz; 0 picks a free port");
  CLI11_PARSE(cli, argc, argv);
  log::start("registry");

  ServiceFrame frame;
  metrics::Registry metrics;
  registry::Service service(settings, metrics);
  const auto health = [&]() -> metrics::Health {
    const auto current = service.wait_current(0ms);
    if (!current) return {false, current.error().message};
    return {*current, *current ? "ok" : "the schemas aren't read yet"};
  };
  const auto exposed = ServiceFrame::expose(metrics, metrics_port, health);
  if (!exposed) return ServiceFrame::failed(exposed.error());
  service.start();
  const auto current = frame.wait_until([&] { return service.wait_current(100ms); });
  if (!current) return ServiceFrame::failed(current.error());
  if (*current) {
    if (auto listening = service.listen(); !listening) return ServiceFrame::failed(listening.error());
    frame.listen("127.0.0.1", service.port());
  }
  service.stop();
  return 0;
}

const Subcommand subcommand("registry", "a schema registry with Confluent's REST API, its state in Kafka", run);

}  // namespace registry_command
}  // namespace millrace::app

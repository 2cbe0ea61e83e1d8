// millrace registry: a schema registry with Confluent's REST API, its state in a Kafka topic.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <optional>

#include "app/subcommand.h"
#include "base/log.h"
#include "clients/metrics/exposer.h"
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

  // Blocked before any thread exists, so that all threads leave them to the waits below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  metrics::Registry metrics;
  registry::Service service(settings, metrics);
  std::optional<metrics::Exposer> exposer;
  if (metrics_port) {
    auto exposed = metrics::Exposer::start(metrics, *metrics_port, [&]() -> metrics::Health {
      const auto current = service.wait_current(0ms);
      if (!current) return {false, current.error().message};
      return {*current, *current ? "ok" : "the schemas aren't read yet"};
    });
    if (!exposed) {
      log::error("{}", exposed.error().message);
      return 1;
    }
    exposer = std::move(*exposed);
    log::info("metrics on 127.0.0.1:{}", exposer->port());
  }
  service.start();
  int signal = 0;
  const timespec at_once{0, 0};
  for (bool current = false; !current;) {
    const auto now = service.wait_current(100ms);
    if (!now) {
      log::error("{}", now.error().message);
      return 1;
    }
    current = *now;
    if ((signal = sigtimedwait(&signals, nullptr, &at_once)) > 0) break;
  }
  if (signal <= 0) {
    if (auto listening = service.listen(); !listening) {
      log::error("{}", listening.error().message);
      return 1;
    }
    std::printf("listening on 127.0.0.1:%d\n", service.port());
    std::fflush(stdout);
    sigwait(&signals, &signal);
  }
  log::info("{}: stopping", signal == SIGINT ? "SIGINT" : "SIGTERM");
  service.stop();
  return 0;
}

const Subcommand subcommand("registry", "a schema registry with Confluent's REST API, its state in Kafka", run);

}  // namespace registry_command
}  // namespace millrace::app

// millrace demo: the whole of millrace on one machine, supervised.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <thread>

#include "app/subcommand.h"
#include "base/log.h"
#include "tools/demo/demo.h"

namespace millrace::app {
namespace demo_command {

int run(int argc, char** argv) {
  using namespace millrace::demo;
  CLI::App cli{"Broker, ClickHouse, registry, catalog, billing, workers and load on this machine; Ctrl-C stops all in order and prints the audit.",
               "millrace demo"};
  Settings settings;
  bool no_load = false, no_gates = false, no_rules = false, no_warehouse = false;
  cli.add_option("--data", settings.data, "directory that survives: a second start goes on where the first stopped")->capture_default_str();
  cli.add_option("--rate", settings.rate, "events a second")->capture_default_str();
  cli.add_option("--workers", settings.workers, "worker processes")->capture_default_str()->check(CLI::Range(1, 16));
  cli.add_option("--lanes", settings.lanes, "lanes of each worker")->capture_default_str()->check(CLI::Range(1, 16));
  cli.add_option("--ports", settings.port_base, "first of the ports: control, broker, registry, ClickHouse, …; 0: free ones")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  cli.add_option("--linger-ms", settings.linger_ms, "how long an epoch collects")->capture_default_str();
  cli.add_option("--only", settings.only, "of broker, clickhouse, registry, catalog, billing, workers: start these alone")->delimiter(',');
  cli.add_flag("--no-load", no_load, "loadgen isn't started");
  cli.add_flag("--no-warehouse", no_warehouse, "no worker that writes Parquet files below DIR/warehouse");
  cli.add_flag("--no-rules", no_rules, "no catalog, no billing, no tenants' rules: events stay as they are");
  cli.add_flag("--no-gates", no_gates, "workers reach the others directly");
  cli.add_flag("--respawn", settings.respawn, "a child that ends by itself is started again");
  cli.add_flag("--quiet", settings.quiet, "no line a second");
  cli.add_option("--loadgen-option", settings.loadgen_options, "one more argument for loadgen, as --loadgen-option=--seed=7");
  cli.add_option("--worker-option", settings.worker_options, "one more argument for the workers");
  cli.add_option("--session-timeout-ms", settings.session_timeout_ms, "of a worker in its consumer group")->capture_default_str();
  cli.add_option("--warehouse-linger-ms", settings.warehouse_linger_ms, "how long an epoch of the warehouse collects")->capture_default_str();
  cli.add_option("--environment", settings.environment, "CHILD:NAME=VALUE for the process of a child")->check([](const std::string& text) {
    const size_t equals = text.find('=');
    return equals != std::string::npos && text.find(':') < equals ? "" : text + ": write CHILD:NAME=VALUE";
  });
  CLI11_PARSE(cli, argc, argv);
  settings.load = !no_load;
  settings.gates = !no_gates;
  settings.rules = !no_rules;
  settings.warehouse = !no_warehouse;
  settings.binary = std::filesystem::read_symlink("/proc/self/exe").string();
  log::start("demo");

  // Blocked before any thread exists: the loop below takes them one by one. The children start with none blocked.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto data = DataDirectory::open(settings.data);
  if (!data) {
    std::fprintf(stderr, "demo: %s\n", data.error().message.c_str());
    return 1;
  }
  auto ports = choose_ports(settings);
  if (!ports) {
    std::fprintf(stderr, "demo: %s\n", ports.error().message.c_str());
    return 1;
  }
  Demo demo(settings, std::move(*data), std::move(*ports));
  int status = 0;
  if (auto started = demo.start(); !started) {
    std::fprintf(stderr, "demo: %s\n", started.error().message.c_str());
    status = 1;
  }
  while (status == 0) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0) break;
    demo.tick();
  }
  // A second Ctrl-C stops everything at once.
  std::jthread impatient([&](const std::stop_token& token) {
    const timespec moment{0, 200'000'000};
    while (!token.stop_requested())
      if (sigtimedwait(&signals, nullptr, &moment) > 0) demo.hurry();
  });
  const int audited = demo.finish();
  return status ? status : audited;
}

const Subcommand subcommand("demo", "all of millrace on this machine: broker, engine, registry, workers, load, gates", run);

}  // namespace demo_command
}  // namespace millrace::app

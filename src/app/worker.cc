// millrace worker: takes events from Kafka and lands them in the sinks, each exactly once.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <optional>

#include "app/subcommand.h"
#include "base/log.h"
#include "clients/metrics/exposer.h"
#include "pipeline/lane/worker.h"

namespace millrace::app {
namespace worker_command {

int run(int argc, char** argv) {
  CLI::App cli{
      "Takes events from Kafka and lands each of them exactly once in ClickHouse, or among the dead letters. SIGTERM: what is in flight is\n"
      "finished and committed, then it ends (status 0); a second one ends it at once, which loses nothing either. Status 1: it can't start or go on.",
      "millrace worker"};
  std::string config, level = "info";
  std::optional<uint16_t> metrics_port;
  bool check = false;
  cli.add_option("--config", config, "settings, YAML; docs/operations.md lists them")->required();
  cli.add_option("--metrics-port", metrics_port, "serve /metrics and /healthz; 0 picks a free port");
  cli.add_option("--log-level", level, "debug, info, warn, error")->capture_default_str();
  cli.add_flag("--check-config", check, "read the settings, say what is wrong with them, and end");
  CLI11_PARSE(cli, argc, argv);
  log::start("worker", level);
  auto settings = pipeline::read_worker_settings(config);
  if (!settings) {
    std::fprintf(stderr, "%s\n", settings.error().message.c_str());
    return 1;
  }
  if (check) return std::printf("%s: fine\n", config.c_str()), 0;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::atomic<bool> stop{false};
  std::jthread on_signal([&](const std::stop_token& token) {
    const timespec moment{0, 100'000'000};
    while (!token.stop_requested())
      if (sigtimedwait(&signals, nullptr, &moment) > 0) {
        if (stop.exchange(true)) std::_Exit(130);
        log::info("stopping: what is in flight is finished first");
      }
  });

  metrics::Registry registry;
  pipeline::Worker worker(std::move(*settings), registry);
  if (auto started = worker.start(stop); !started) {
    if (stop) return 0;
    log::error("{}", started.error().message);
    return 1;
  }
  std::optional<metrics::Exposer> exposer;
  if (metrics_port) {
    auto exposed = metrics::Exposer::start(registry, *metrics_port, [&] { return worker.health(); });
    if (!exposed) {
      log::error("{}", exposed.error().message);
      return 1;
    }
    exposer = std::move(*exposed);
  }
  std::printf("listening on 127.0.0.1:%d\n", exposer ? exposer->port() : 0);
  std::fflush(stdout);
  const auto watch_while = [&](const auto& wanted) {
    for (int tick = 1; wanted() && worker.running(); ++tick) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (tick % 20 == 0) worker.end_if_stuck();
    }
  };
  watch_while([&] { return !stop && !worker.failed(); });
  worker.close();
  watch_while([] { return true; });
  return worker.join() ? 0 : 1;
}

const Subcommand subcommand("worker", "from Kafka into the sinks, each event exactly once", run);

}  // namespace worker_command
}  // namespace millrace::app

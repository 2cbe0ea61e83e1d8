// millrace broker: becomes a real single-node Kafka broker (the process is replaced by java).

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/subcommand.h"
#include "base/log.h"
#include "tools/broker/broker.h"

namespace millrace::app::broker_command {

int run(int argc, char** argv) {
  CLI::App app{"Apache Kafka on this machine: one node, KRaft, loopback. SIGTERM stops it cleanly; the data stays."};
  millrace::broker::BrokerSettings settings;
  std::vector<std::string> overrides;
  app.add_option("--data", settings.data, "directory for the log, the settings and the ports")->required();
  app.add_option("--port", settings.port, "0: the port of the last start in this directory, or a free one")->capture_default_str();
  app.add_option("--advertised-port", settings.advertised_port, "what clients connect to, if not --port (a relay)");
  app.add_option("--heap-mb", settings.heap_mb, "Java heap")->capture_default_str();
  app.add_option("--set", overrides, "name=value for server.properties, may be repeated");
  CLI11_PARSE(app, argc, argv);
  for (const auto& o : overrides) {
    auto eq = o.find('=');
    if (eq == std::string::npos) {
      std::fprintf(stderr, "--set %s: not of the form name=value\n", o.c_str());
      return 2;
    }
    settings.overrides[o.substr(0, eq)] = o.substr(eq + 1);
  }
  auto command = millrace::broker::prepare(settings);
  if (!command) {
    std::fprintf(stderr, "%s\n", command.error().message.c_str());
    return 1;
  }
  // Said before it is so: clients wait and try again, and java says nothing that could be waited for.
  std::printf("listening on %s\n", command->address.c_str());
  std::fflush(stdout);
  std::vector<char*> raw;
  for (auto& a : command->argv) raw.push_back(a.data());
  raw.push_back(nullptr);
  ::execv(raw[0], raw.data());
  std::perror(raw[0]);
  return 1;
}

millrace::app::Subcommand broker{"broker", "a Kafka broker on this machine", run};

}  // namespace millrace::app::broker_command

// millrace check: says what in the cluster's settings would break exactly once, before anything runs.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/subcommand.h"
#include "tools/check/kafka_check.h"

namespace millrace::app::check_command {

int run(int argc, char** argv) {
  using namespace millrace;
  CLI::App app{
      "Reads the Kafka cluster's settings and says what would break exactly once.\n"
      "Exit status: 0 nothing wrong (warnings are possible), 1 an error was found, 2 the cluster can't be asked."};
  kafka::KafkaProperties kafka;
  check::KafkaDemands demands;
  demands.sources = {"user.pageview", "order.created", "payment.processed", "session.end", "error.captured"};
  bool laptop = false;
  app.add_option("--brokers", kafka.brokers, "host:port[,host:port]")->required();
  app.add_option("--topics", demands.sources, "source topics")->delimiter(',')->capture_default_str();
  app.add_option("--dead-letters", demands.dead_letters, "topic of the dead letters")->capture_default_str();
  app.add_option("--alerts", demands.alerts, "topic of the alerts; empty if there are no rules")->capture_default_str();
  app.add_flag("--laptop", laptop, "one node is enough: replication is a warning, not an error");
  CLI11_PARSE(app, argc, argv);
  demands.production = !laptop;
  auto admin = kafka::Admin::create(kafka);
  if (!admin) {
    std::fprintf(stderr, "%s\n", admin.error().message.c_str());
    return 2;
  }
  auto findings = check::check_kafka(*admin, demands);
  if (!findings) {
    std::fprintf(stderr, "%s: %s\n", kafka.brokers.c_str(), findings.error().message.c_str());
    return 2;
  }
  int errors = 0;
  for (const auto& f : *findings) {
    bool error = f.severity == check::Severity::kError;
    errors += error;
    std::printf("%s  %s: %s\n", error ? "ERROR  " : "warning", f.subject.c_str(), f.text.c_str());
  }
  std::printf("%d error(s), %d warning(s)\n", errors, static_cast<int>(findings->size()) - errors);
  return errors ? 1 : 0;
}

millrace::app::Subcommand check_command{"check", "judges the Kafka cluster's settings before anything runs", run};

}  // namespace millrace::app::check_command

#include "tools/demo/children.h"

#include <fstream>

namespace millrace::demo {
namespace {

std::string at(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
std::string url(uint16_t port) { return "http://" + at(port); }

supervisor::ChildSpec child(const Settings& settings, const DataDirectory& data, const std::string& name, std::vector<std::string> arguments) {
  supervisor::ChildSpec spec;
  spec.name = name;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), settings.binary);
  spec.log = data.log_of(name);
  return spec;
}

constexpr const char* kTopics = "topics: [user.pageview, order.created, payment.processed, session.end, error.captured]\n";

std::string rules_of(const Settings& settings, const DataDirectory& data) {
  return settings.rules ? "rules:\n  catalog: _millrace.catalog\n  pseudonym_key_file: " + pseudonym_key_file(data) + "\n" : "";
}

}  // namespace

// Each worker has a listener of its own: whoever asks there is told to come back through that worker's gate.
supervisor::ChildSpec broker_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  const std::string controller = at(ports.broker_controller);
  std::string listeners = "PLAINTEXT://" + at(ports.broker) + ",CONTROLLER://" + controller, advertised = "PLAINTEXT://" + at(ports.broker);
  std::string protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT";
  if (settings.gates) {
    for (size_t i = 0; i < ports.workers.size(); ++i) {
      const std::string name = "WORKER" + std::to_string(i + 1);
      listeners += "," + name + "://" + at(ports.workers[i].broker_listener);
      advertised += "," + name + "://" + at(ports.workers[i].broker_gate);
      protocols += "," + name + ":PLAINTEXT";
    }
  }
  return child(
      settings, data, "broker",
      {"broker", "--data", data.path() + "/kafka", "--port", std::to_string(ports.broker), "--set", "listeners=" + listeners, "--set",
       "advertised.listeners=" + advertised, "--set", "listener.security.protocol.map=" + protocols, "--set", "controller.quorum.voters=1@" + controller,
       // A broker that was killed may come back at once, instead of after nine seconds.
       "--set", "broker.session.timeout.ms=3000", "--set", "broker.heartbeat.interval.ms=500", "--set", "controlled.shutdown.enable=true"});
}

supervisor::ChildSpec clickhouse_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  auto spec = child(settings, data, "clickhouse", {"clickhouse-embedded", "--data", data.path() + "/clickhouse", "--port", std::to_string(ports.clickhouse)});
  for (const std::string& variable : settings.clickhouse_environment) {
    const size_t equals = variable.find('=');
    if (equals != std::string::npos) spec.environment.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return spec;
}

supervisor::ChildSpec registry_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "registry",
               {"registry", "--brokers", at(ports.broker), "--port", std::to_string(ports.registry), "--metrics-port", std::to_string(ports.registry_metrics)});
}

supervisor::ChildSpec prepare_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "prepare", {"loadgen", "--brokers", at(ports.broker), "--registry", url(ports.registry), "--prepare-only"});
}

supervisor::ChildSpec tables_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "tables",
               {"tables", "apply", "--registry", url(ports.registry), "--clickhouse", url(ports.clickhouse), "--database", kDatabase});
}

supervisor::ChildSpec catalog_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "catalog",
               {"catalog", "--brokers", at(ports.broker), "--registry", url(ports.registry), "--clickhouse", url(ports.clickhouse), "--database", kDatabase,
                "--port", std::to_string(ports.catalog), "--metrics-port", std::to_string(ports.catalog_metrics)});
}

supervisor::ChildSpec billing_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "billing",
               {"billing", "--database", "sqlite:" + data.path() + "/billing/ledger.db", "--listen", at(ports.billing), "--metrics-port",
                std::to_string(ports.billing_metrics)});
}

supervisor::ChildSpec worker_child(const Settings& settings, const Ports& ports, const DataDirectory& data, int worker) {
  const auto& own = ports.workers[static_cast<size_t>(worker - 1)];
  const std::string name = worker_name(worker), file = data.path() + "/" + name + ".yaml";
  std::ofstream out(file);
  out << "# Written by millrace demo at every start.\n"
      << "pipeline: " << kPipeline << "\n"
      << "instance: " << name << "\n"
      << "lanes: " << settings.lanes << "\n"
      << kTopics << "kafka:\n  brokers: " << at(settings.gates ? own.broker_gate : ports.broker) << "\n"
      << "registry:\n  url: " << url(settings.gates ? own.registry_gate : ports.registry) << "\n  cache: " << data.path() << "/" << name << "-schemas.json\n"
      << "clickhouse:\n  url: " << url(settings.gates ? own.clickhouse_gate : ports.clickhouse) << "\n  database: " << kDatabase << "\n"
      << "epoch:\n  linger_ms: " << settings.linger_ms << "\n";
  out << rules_of(settings, data);
  if (bills(settings)) out << "billing:\n  address: " << at(settings.gates ? own.billing_gate : ports.billing) << "\n";
  out.close();
  std::vector<std::string> arguments{"worker", "--config", file, "--metrics-port", std::to_string(own.metrics)};
  arguments.insert(arguments.end(), settings.worker_options.begin(), settings.worker_options.end());
  return child(settings, data, name, std::move(arguments));
}

// The same events in files, by epochs that are long: a group, and dead letters, of its own.
supervisor::ChildSpec warehouse_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  const std::string file = data.path() + "/" + kWarehouseWorker + ".yaml";
  std::ofstream out(file);
  out << "# Written by millrace demo at every start.\n"
      << "pipeline: " << kPipeline << "-warehouse\n"
      << "instance: " << kWarehouseWorker << "\n"
      << "lanes: 1\n"
      << kTopics << "dead_letters: millrace.warehouse.dlq\n"
      << "kafka:\n  brokers: " << at(ports.broker) << "\n"
      << "registry:\n  url: " << url(ports.registry) << "\n  cache: " << data.path() << "/" << kWarehouseWorker << "-schemas.json\n"
      << "warehouse:\n  directory: " << data.path() << "/warehouse\n"
      << "epoch:\n  linger_ms: 10000\n  records: 5000000\n  records_max: 5000000\n  mb_max: 128\n"
      << "limits:\n  in_flight_records: 10000000\n  in_flight_mb: 256\n"
      << rules_of(settings, data);
  out.close();
  return child(settings, data, kWarehouseWorker, {"worker", "--config", file, "--metrics-port", std::to_string(ports.warehouse_metrics)});
}

supervisor::ChildSpec loadgen_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  std::vector<std::string> arguments{"loadgen",
                                     "--brokers",
                                     at(ports.broker),
                                     "--registry",
                                     url(ports.registry),
                                     "--rate",
                                     std::to_string(settings.rate),
                                     "--metrics-port",
                                     std::to_string(ports.loadgen_metrics)};
  arguments.insert(arguments.end(), settings.loadgen_options.begin(), settings.loadgen_options.end());
  return child(settings, data, "loadgen", std::move(arguments));
}

supervisor::ChildSpec audit_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "audit",
               {"audit", "--brokers", at(ports.broker), "--registry", url(ports.registry), "--clickhouse", url(ports.clickhouse), "--database", kDatabase,
                "--group", kPipeline, "--to-end"});
}

}  // namespace millrace::demo

#include "tools/demo/children.h"

#include <fstream>
#include <string_view>

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
  for (const std::string_view variable : settings.environment) {
    const size_t colon = variable.find(':'), equals = variable.find('=');
    if (variable.substr(0, colon) == name) spec.environment.emplace_back(variable.substr(colon + 1, equals - colon - 1), variable.substr(equals + 1));
  }
  return spec;
}

constexpr const char* kTopics = "topics: [user.pageview, order.created, payment.processed, session.end, error.captured]\n";

std::string broker_of(const Settings& settings, const Ports& ports, const Ports::Worker& worker) {
  return "kafka:\n  brokers: " + at(settings.gates ? worker.broker_gate : ports.broker) +
         "\n  session_timeout_ms: " + std::to_string(settings.session_timeout_ms) + "\n";
}
std::string registry_of(const Settings& settings, const Ports& ports, const Ports::Worker& worker, const std::string& cache) {
  return "registry:\n  url: " + url(settings.gates ? worker.registry_gate : ports.registry) + "\n  cache: " + cache + "\n";
}

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
    const auto listen_for = [&](const std::string& name, const Ports::Worker& worker) {
      listeners += "," + name + "://" + at(worker.broker_listener);
      advertised += "," + name + "://" + at(worker.broker_gate);
      protocols += "," + name + ":PLAINTEXT";
    };
    for (size_t i = 0; i < ports.workers.size(); ++i) listen_for("WORKER" + std::to_string(i + 1), ports.workers[i]);
    if (settings.warehouse) listen_for("WAREHOUSE", ports.warehouse);
  }
  return child(
      settings, data, "broker",
      {"broker", "--data", data.path() + "/kafka", "--port", std::to_string(ports.broker), "--set", "listeners=" + listeners, "--set",
       "advertised.listeners=" + advertised, "--set", "listener.security.protocol.map=" + protocols, "--set", "controller.quorum.voters=1@" + controller,
       // A broker that was killed may come back at once, instead of after nine seconds.
       "--set", "broker.session.timeout.ms=3000", "--set", "broker.heartbeat.interval.ms=500", "--set", "controlled.shutdown.enable=true"});
}

supervisor::ChildSpec clickhouse_child(const Settings& settings, const Ports& ports, const DataDirectory& data) {
  return child(settings, data, "clickhouse", {"clickhouse-embedded", "--data", data.path() + "/clickhouse", "--port", std::to_string(ports.clickhouse)});
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
      << kTopics << broker_of(settings, ports, own) << registry_of(settings, ports, own, data.path() + "/" + name + "-schemas.json")
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
      << broker_of(settings, ports, ports.warehouse) << registry_of(settings, ports, ports.warehouse, data.path() + "/" + kWarehouseWorker + "-schemas.json")
      << "warehouse:\n  directory: " << data.path() << "/warehouse\n"
      << "epoch:\n  linger_ms: " << settings.warehouse_linger_ms << "\n  records: 5000000\n  records_max: 5000000\n  mb_max: 128\n"
      << "limits:\n  in_flight_records: 10000000\n  in_flight_mb: 256\n"
      << rules_of(settings, data);
  out.close();
  return child(settings, data, kWarehouseWorker, {"worker", "--config", file, "--metrics-port", std::to_string(ports.warehouse.metrics)});
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

#include "tools/demo/demo.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "clients/clickhouse/table_name.h"
#include "clients/http/client.h"
#include "tools/demo/children.h"
#include "tools/demo/control.h"
#include "tools/demo/example_rules.h"

namespace millrace::demo {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {
// The figures' names in contracts/metrics.yaml.
constexpr const char* kProduced = "millrace_loadgen_records_total";
constexpr const char* kLatency = "millrace_delivery_latency_seconds";
constexpr const char* kLag = "millrace_lag_records";
constexpr const char* kInFlight = "millrace_in_flight_records";

std::string local(uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

Result<std::string> get(const std::string& url, std::chrono::milliseconds deadline) {
  http::Client client;
  http::Request request;
  request.url = url;
  request.deadline = deadline;
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return transient(url + ": " + std::to_string(response->status) + " " + response->body, response->status);
  return response->body;
}

// Rows of the tables that millrace made, without reading one.
Result<int64_t> count_rows(uint16_t clickhouse) {
  const std::string query =
      std::string("SELECT toInt64(sum(total_rows)) FROM system.tables WHERE database = '") + kDatabase + "' AND name != '" + clickhouse::kLeftOutTable + "'";
  auto body = get(local(clickhouse) + "/?query=" + http::escape(query), 800ms);
  if (!body) return std::unexpected(body.error());
  return std::atoll(body->c_str());
}
}  // namespace

Demo::Demo(Settings settings, DataDirectory data, Ports ports) : settings_(std::move(settings)), data_(std::move(data)), ports_(std::move(ports)) {
  supervisor_ = std::make_unique<supervisor::Supervisor>([this](const supervisor::ChildStatus& child) {
    if (finishing_ || child.wanted || (child.exit_code == 0 && (child.name == "prepare" || child.name == "tables"))) return;
    log::warn("{} ended by itself with status {}: {}", child.name, child.exit_code, data_.log_of(child.name));
    std::lock_guard lock(mutex_);
    died_[child.name] = steady_clock::now();
  });
}
Demo::~Demo() = default;

Status Demo::start_gates() {
  if (!settings_.gates) return {};
  for (int worker = 1; worker <= settings_.workers; ++worker) {
    const auto& own = ports_.workers[static_cast<size_t>(worker - 1)];
    const std::string name = worker_name(worker);
    gates_[name + "-broker"] = std::make_unique<supervisor::Gate>(own.broker_gate, own.broker_listener);
    gates_[name + "-clickhouse"] = std::make_unique<supervisor::Gate>(own.clickhouse_gate, ports_.clickhouse);
    gates_[name + "-billing"] = std::make_unique<supervisor::Gate>(own.billing_gate, ports_.billing);
    gates_[name + "-registry"] = std::make_unique<supervisor::Gate>(own.registry_gate, ports_.registry);
  }
  if (settings_.warehouse) {
    const std::string name = kWarehouseWorker;
    gates_[name + "-broker"] = std::make_unique<supervisor::Gate>(ports_.warehouse.broker_gate, ports_.warehouse.broker_listener);
    gates_[name + "-registry"] = std::make_unique<supervisor::Gate>(ports_.warehouse.registry_gate, ports_.registry);
  }
  for (auto& [name, gate] : gates_)
    if (auto started = gate->start(); !started) return started;
  return {};
}

Status Demo::start_child(supervisor::ChildSpec spec, std::chrono::seconds within) {
  const std::string name = spec.name;
  supervisor_->add(std::move(spec));
  if (auto started = supervisor_->start(name); !started) return started;
  const auto end = steady_clock::now() + within;
  if (auto ready = supervisor_->wait_ready(name, within); !ready) return std::unexpected(ready.error());
  // The broker's process says its address before java listens there.
  while (name == "broker" && !supervisor::accepts(ports_.broker)) {
    if (!supervisor_->state(name) || supervisor_->state(name)->state == supervisor::ChildState::kExited || steady_clock::now() > end)
      return permanent("the broker doesn't listen; its output is in " + data_.log_of(name) + " and " + data_.path() + "/kafka/broker.log:\n" +
                       supervisor_->log_end(name));
    std::this_thread::sleep_for(50ms);
  }
  return {};
}

Status Demo::run_to_end(supervisor::ChildSpec spec, std::chrono::seconds within) {
  const std::string name = spec.name;
  supervisor_->add(std::move(spec));
  if (auto started = supervisor_->start(name); !started) return started;
  if (!supervisor_->wait_exit(name, within)) {
    (void)supervisor_->kill(name);
    return permanent(name + " didn't end within " + std::to_string(within.count()) + " s:\n" + supervisor_->log_end(name));
  }
  const auto state = *supervisor_->state(name);
  if (state.exit_code == 0) return {};
  return permanent(name + " ended with status " + std::to_string(state.exit_code) + ":\n" + supervisor_->log_end(name), state.exit_code);
}

Status Demo::start_workers() {
  for (int worker = 1; worker <= settings_.workers; ++worker) {
    supervisor_->add(worker_child(settings_, ports_, data_, worker));
    if (auto started = supervisor_->start(worker_name(worker)); !started) return started;
  }
  for (int worker = 1; worker <= settings_.workers; ++worker)
    if (auto ready = supervisor_->wait_ready(worker_name(worker), 60s); !ready) return std::unexpected(ready.error());
  return {};
}

Status Demo::start() {
  const auto begin = steady_clock::now();
  const auto say = [&](const char* what) {
    std::printf("demo: %4.1f s: %s\n", std::chrono::duration<double>(steady_clock::now() - begin).count(), what);
    std::fflush(stdout);
  };
  if (auto gates = start_gates(); !gates) return gates;
  control_ = std::make_unique<Control>(*this, ports_.control);
  if (auto control = control_->start(); !control) return control;
  say("ClickHouse and broker start");
  if (wants(settings_, "clickhouse")) {
    supervisor_->add(clickhouse_child(settings_, ports_, data_));
    if (auto started = supervisor_->start("clickhouse"); !started) return started;
  }
  if (wants(settings_, "broker")) {
    if (auto broker = start_child(broker_child(settings_, ports_, data_), 60s); !broker) return broker;
  }
  if (wants(settings_, "clickhouse")) {
    if (auto ready = supervisor_->wait_ready("clickhouse", 60s); !ready) return std::unexpected(ready.error());
  }
  if (wants(settings_, "registry")) {
    say("registry, topics, schemas, tables");
    if (auto registry = start_child(registry_child(settings_, ports_, data_), 60s); !registry) return registry;
    if (auto prepared = run_to_end(prepare_child(settings_, ports_, data_), 60s); !prepared) return prepared;
    if (wants(settings_, "clickhouse")) {
      if (auto tables = run_to_end(tables_child(settings_, ports_, data_), 60s); !tables) return tables;
    }
    supervisor_->add(loadgen_child(settings_, ports_, data_));
  }
  if (settings_.rules && wants(settings_, "catalog")) {
    say("catalog, tenants' rules");
    if (auto catalog = start_child(catalog_child(settings_, ports_, data_), 60s); !catalog) return catalog;
    if (auto published = publish_example_rules(local(ports_.catalog)); !published) return published;
    if (auto key = make_pseudonym_key(pseudonym_key_file(data_)); !key) return key;
  }
  if (bills(settings_)) {
    say("billing");
    if (auto billing = start_child(billing_child(settings_, ports_, data_), 60s); !billing) return billing;
  }
  if (wants(settings_, "workers")) {
    say("workers start");
    if (auto workers = start_workers(); !workers) return workers;
    if (settings_.warehouse) {
      if (auto started = start_child(warehouse_child(settings_, ports_, data_), 60s); !started) return started;
    }
  }
  if (settings_.load && wants(settings_, "registry")) {
    say("load starts");
    if (auto started = supervisor_->start("loadgen"); !started) return started;
  }
  say("all is up");
  for (const auto& [name, address] : addresses()) std::printf("demo:   %-12s %s\n", name.c_str(), address.c_str());
  std::printf("listening on 127.0.0.1:%d\n", ports_.control);
  std::fflush(stdout);
  ready_ = true;
  return {};
}

std::map<std::string, std::string> Demo::addresses() const {
  std::map<std::string, std::string> all{{"broker", "127.0.0.1:" + std::to_string(ports_.broker)},
                                         {"registry", local(ports_.registry)},
                                         {"clickhouse", local(ports_.clickhouse)},
                                         {"control", local(ports_.control)},
                                         {"catalog", local(ports_.catalog)},
                                         {"billing", "127.0.0.1:" + std::to_string(ports_.billing)},
                                         {"loadgen", local(ports_.loadgen_metrics)},
                                         {kWarehouseWorker, local(ports_.warehouse.metrics)},
                                         {"data", data_.path()}};
  for (int worker = 1; worker <= settings_.workers; ++worker) all[worker_name(worker)] = local(ports_.workers[static_cast<size_t>(worker - 1)].metrics);
  return all;
}

Status Demo::act(const std::string& child, const std::string& what, bool wait) {
  if (what == "stop") return supervisor_->stop(child);
  if (what == "kill") return supervisor_->kill(child);
  if (what == "freeze") return supervisor_->freeze(child);
  if (what == "thaw") return supervisor_->thaw(child);
  // A stop that had to end with a kill is a restart all the same.
  if (what == "restart") (void)supervisor_->stop(child);
  if (auto started = supervisor_->start(child); !started) return started;
  if (!wait) return {};
  if (auto ready = supervisor_->wait_ready(child, 60s); !ready) return std::unexpected(ready.error());
  for (int i = 0; child == "broker" && !supervisor::accepts(ports_.broker) && i < 600; ++i) std::this_thread::sleep_for(100ms);
  return {};
}

void Demo::measure() {
  Figures next = figures();
  Buckets latency;
  double lag = 0, in_flight = 0;
  bool scraped = false;
  for (int worker = 1; worker <= settings_.workers; ++worker) {
    const auto body = get(local(ports_.workers[static_cast<size_t>(worker - 1)].metrics) + "/metrics", 400ms);
    if (!body) continue;
    const auto samples = parse_metrics(*body);
    scraped = true;
    lag += sum(samples, kLag);
    in_flight += sum(samples, kInFlight);
    for (const auto& [bound, count] : buckets(samples, kLatency)) latency[bound] += count;
  }
  if (const auto body = get(local(ports_.loadgen_metrics) + "/metrics", 400ms)) next.produced = static_cast<int64_t>(sum(parse_metrics(*body), kProduced));
  const auto now = steady_clock::now();
  if (const auto rows = count_rows(ports_.clickhouse)) {
    if (measured_ != steady_clock::time_point{})
      next.events_per_s = static_cast<double>(*rows - next.delivered) / std::chrono::duration<double>(now - measured_).count();
    next.delivered = *rows;
    measured_ = now;
  }
  if (scraped) {
    next.lag = static_cast<int64_t>(lag);
    next.in_flight = static_cast<int64_t>(in_flight);
    next.p50_ms = std::max(quantile(0.5, latency_before_, latency) * 1000, -1.0);
    next.p95_ms = std::max(quantile(0.95, latency_before_, latency) * 1000, -1.0);
    latency_before_ = latency;
  }
  std::lock_guard lock(mutex_);
  figures_ = next;
}

Figures Demo::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

void Demo::tick() {
  measure();
  if (settings_.respawn) {
    std::vector<std::string> again;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [name, when] : died_)
        if (steady_clock::now() - when > 2s) again.push_back(name);
      for (const std::string& name : again) died_.erase(name);
    }
    for (const std::string& name : again) {
      log::info("{} is started again", name);
      if (auto started = supervisor_->start(name); !started) log::error("{}", started.error().message);
    }
  }
  if (settings_.quiet) return;
  const Figures now = figures();
  const auto ms = [](double value) { return value < 0 ? std::string("-") : std::to_string(std::lround(value)) + " ms"; };
  std::printf("produced %-10lld delivered %-10lld %8.0f events/s   latency p50 %-8s p95 %-8s lag %lld\n", static_cast<long long>(now.produced),
              static_cast<long long>(now.delivered), now.events_per_s, ms(now.p50_ms).c_str(), ms(now.p95_ms).c_str(), static_cast<long long>(now.lag));
  std::fflush(stdout);
}

// Until nothing is waiting any more, or nothing has moved for a while.
void Demo::drain() {
  // Markers and aborted records at the end of a partition are never delivered, and count as lag.
  int still = 0;
  int64_t before = -1;
  const auto end = steady_clock::now() + 60s;
  while (!hurry_ && still < 6 && steady_clock::now() < end) {
    std::this_thread::sleep_for(500ms);
    measure();
    const Figures now = figures();
    still = now.delivered != before || now.in_flight > 0 ? 0 : still + (now.lag <= 0 ? 2 : 1);
    before = now.delivered;
  }
}

int Demo::finish() {
  finishing_ = true;
  const auto say = [](const std::string& what) {
    std::printf("demo: %s\n", what.c_str());
    std::fflush(stdout);
  };
  const auto stop = [&](const std::string& name) {
    const auto state = supervisor_->state(name);
    if (!state || state->state == supervisor::ChildState::kNew || state->state == supervisor::ChildState::kExited) return;
    if (hurry_ ? !supervisor_->kill(name) : !supervisor_->stop(name)) say(name + " didn't stop in time and was killed");
  };
  for (auto& [name, gate] : gates_) gate->set({});
  say("load stops");
  stop("loadgen");
  int status = 0;
  const bool whole = ready_ && settings_.only.empty();
  if (whole && !hurry_) {
    say("the rest is delivered");
    drain();
  }
  say("workers stop");
  for (int worker = 1; worker <= settings_.workers; ++worker) stop(worker_name(worker));
  stop(kWarehouseWorker);
  if (whole && !hurry_) {
    say("audit");
    auto audited = run_to_end(audit_child(settings_, ports_, data_), 300s);
    std::printf("%s\n", supervisor_->log_end("audit", 40).c_str());
    if (!audited) status = audited.error().code ? audited.error().code : 1;
  }
  for (const char* name : {"billing", "catalog", "registry", "clickhouse", "broker"}) stop(name);
  if (control_) control_->stop();
  say(std::string("stopped; state is kept in ") + data_.path());
  return status;
}

}  // namespace millrace::demo

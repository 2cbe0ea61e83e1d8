#include "pipeline/lane/settings.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <set>

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;

class Refused : public std::exception {
 public:
  explicit Refused(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

// One mapping of the file. Every key must be asked for: one that isn't is a typing error, and said to be.
class Section {
 public:
  Section(std::string file, std::string path, YAML::Node node) : file_(std::move(file)), path_(std::move(path)), node_(std::move(node)) {
    if (node_ && !node_.IsNull() && !node_.IsMap()) refuse(node_, "", "must hold settings, one a line (name: value)");
  }
  [[noreturn]] void refuse(const YAML::Node& at, const std::string& key, const std::string& why) const {
    const int line = at.IsDefined() ? at.Mark().line + 1 : node_.IsDefined() ? node_.Mark().line + 1 : 1;
    const std::string name = path_.empty() || key.empty() ? path_ + key : path_ + "." + key;
    throw Refused(file_ + ":" + std::to_string(line) + ": " + (name.empty() ? "" : name + ": ") + why);
  }
  YAML::Node at(const std::string& key) {
    known_.insert(key);
    return node_ && node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  }
  Section section(const std::string& key) { return {file_, path_.empty() ? key : path_ + "." + key, at(key)}; }

  void text(const std::string& key, std::string& value, bool required = false) {
    const YAML::Node node = at(key);
    if (!node.IsDefined() || node.IsNull()) {
      if (required && value.empty()) refuse(node, key, "is missing");
      return;
    }
    if (!node.IsScalar()) refuse(node, key, "must be a text");
    value = node.Scalar();
    if (required && value.empty()) refuse(node, key, "must not be empty");
  }
  template <class Number>
  void number(const std::string& key, Number& value, int64_t least, int64_t most) {
    const YAML::Node node = at(key);
    if (!node.IsDefined()) return;
    int64_t n = 0;
    if (!node.IsScalar() || !YAML::convert<int64_t>::decode(node, n) || n < least || n > most)
      refuse(node, key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    value = static_cast<Number>(n);
  }
  void time(const std::string& key, milliseconds& value, int64_t least_ms, int64_t most_ms) {
    int64_t ms = value.count();
    number(key, ms, least_ms, most_ms);
    value = milliseconds(ms);
  }
  std::vector<std::pair<std::string, std::string>> pairs(const std::string& key) {
    std::vector<std::pair<std::string, std::string>> all;
    const YAML::Node node = at(key);
    if (!node.IsDefined() || node.IsNull()) return all;
    if (!node.IsMap()) refuse(node, key, "must hold settings, one a line (name: value)");
    for (const auto& entry : node) all.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    return all;
  }
  void end() const {
    if (!node_ || !node_.IsMap()) return;
    for (const auto& entry : node_)
      if (!known_.contains(entry.first.Scalar())) {
        std::string all;
        for (const auto& name : known_) all += (all.empty() ? "" : ", ") + name;
        refuse(entry.first, entry.first.Scalar(), "there is no such setting; there are " + all);
      }
  }

 private:
  std::string file_, path_;
  YAML::Node node_;
  std::set<std::string> known_;
};

int64_t start_of(Section& root) {
  std::string text = "earliest";
  root.text("start", text);
  if (text == "earliest") return 0;
  std::tm tm{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &tm);
  if (end == nullptr || *end != 0)
    root.refuse(root.at("start"), "start",
                "'" + text + "' is neither `earliest` nor a time in UTC like 2026-11-25T00:00:00Z (for `latest`, write the time from which on)");
  return static_cast<int64_t>(timegm(&tm)) * 1000;
}

void rules_of(Section section, RuleSettings& rules) {
  section.text("catalog", rules.catalog_topic);
  section.text("tenant_column", rules.tenant_column, true);
  section.text("time_column", rules.time_column);
  std::string unknown = "reject";
  section.text("unknown_tenant", unknown);
  if (unknown == "pass")
    rules.unknown_tenant = UnknownTenant::kPass;
  else if (unknown != "reject")
    section.refuse(section.at("unknown_tenant"), "unknown_tenant", "there are `reject` (its records become dead letters) and `pass` (they stay as they are)");
  std::string file;
  section.text("pseudonym_key_file", file);
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    rules.pseudonym_key.assign(std::istreambuf_iterator<char>(in), {});
    while (rules.pseudonym_key.ends_with('\n') || rules.pseudonym_key.ends_with('\r')) rules.pseudonym_key.pop_back();
    if (!in || rules.pseudonym_key.size() < 16)
      section.refuse(section.at("pseudonym_key_file"), "pseudonym_key_file",
                     file + " must hold a secret of at least 16 bytes, for example of `openssl rand -hex 32`");
  }
  section.end();
}

void epoch_of(Section section, EpochSettings& epoch) {
  std::string preset = "default";
  section.text("preset", preset);
  if (preset == "low-latency")
    epoch.linger = milliseconds(20);
  else if (preset != "default")
    section.refuse(section.at("preset"), "preset", "there are `default` (500 ms, 5000 records) and `low-latency` (20 ms)");
  section.time("linger_ms", epoch.linger, 1, 60'000);
  section.number("records", epoch.records, 1, 10'000'000);
  section.number("records_max", epoch.records_max, 1, 10'000'000);
  int64_t megabytes = static_cast<int64_t>(epoch.bytes_max >> 20);
  section.number("mb_max", megabytes, 1, 4096);
  epoch.bytes_max = static_cast<size_t>(megabytes) << 20;
  epoch.records_max = std::max(epoch.records_max, epoch.records);
  section.end();
}

WorkerSettings settings_of(Section root) {
  WorkerSettings all;
  root.text("pipeline", all.pipeline, true);
  char host[256] = "worker";
  (void)gethostname(host, sizeof host - 1);
  all.instance = host;
  root.text("instance", all.instance, true);
  root.number("lanes", all.lanes, 1, 256);
  const YAML::Node topics = root.at("topics");
  if (!topics.IsDefined() || !topics.IsSequence() || topics.size() == 0)
    root.refuse(topics, "topics", "must list the source topics, as [order.created, session.end]");
  for (const auto& topic : topics) all.topics.push_back(topic.Scalar());
  root.text("dead_letters", all.dead_letters, true);
  const bool warehouse = root.at("warehouse").IsDefined();
  if (warehouse && root.at("clickhouse").IsDefined())
    root.refuse(root.at("warehouse"), "warehouse",
                "this pipeline has `clickhouse` too: epochs for files are long, so give the warehouse a pipeline of its own, with another name");
  if (warehouse) all.alerts = "";  // they are the business of the pipeline that feeds ClickHouse
  if (warehouse && !root.at("dead_letters").IsDefined())
    root.refuse(root.at("dead_letters"), "dead_letters",
                "is missing: a warehouse's pipeline needs a topic of its own, or each dead letter is in " + all.dead_letters + " twice");
  Section alerts = root.section("alerts");
  alerts.text("topic", all.alerts, root.at("alerts").IsDefined());
  alerts.end();
  all.start_ms = start_of(root);
  Section kafka = root.section("kafka");
  kafka.text("brokers", all.kafka.brokers, true);
  for (auto& [name, value] : kafka.pairs("properties")) all.kafka.overrides[name] = value;
  kafka.time("session_timeout_ms", all.session_timeout, 1000, 300'000);
  kafka.end();
  Section registry = root.section("registry");
  registry.text("url", all.registry_url, true);
  registry.text("cache", all.schema_file);
  registry.end();
  if (!warehouse && !root.at("clickhouse").IsDefined())
    root.refuse(root.at("clickhouse"), "clickhouse", "is missing: say where rows go, to `clickhouse` or into a `warehouse`");
  Section clickhouse = root.section("clickhouse");
  clickhouse.text("url", all.clickhouse.url, !warehouse);
  clickhouse.text("user", all.clickhouse.user);
  clickhouse.text("password", all.clickhouse.password);
  if (const char* password = std::getenv("MILLRACE_CLICKHOUSE_PASSWORD")) all.clickhouse.password = password;
  clickhouse.text("database", all.clickhouse.database, true);
  all.insert_settings = clickhouse.pairs("insert_settings");
  clickhouse.end();
  Section files = root.section("warehouse");
  files.text("directory", all.warehouse_directory, warehouse);
  files.end();
  Section billing = root.section("billing");
  const bool billed = root.at("billing").IsDefined();
  billing.text("address", all.billing_address, billed);
  if (billed && all.billing_address.find(':') == std::string::npos)
    billing.refuse(billing.at("address"), "address", "'" + all.billing_address + "' must be HOST:PORT of `millrace billing`");
  billing.number("ledger_generation", all.ledger_generation, 1, 1'000'000'000);
  billing.end();
  rules_of(root.section("rules"), all.rules);
  epoch_of(root.section("epoch"), all.epoch);
  Section limits = root.section("limits");
  limits.number("in_flight_records", all.in_flight_records_max, 1000, 100'000'000);
  int64_t in_flight = static_cast<int64_t>(all.in_flight_bytes_max >> 20), prefetch = static_cast<int64_t>(all.prefetch_bytes_max >> 20);
  limits.number("in_flight_mb", in_flight, 1, 65536);
  limits.number("prefetch_mb", prefetch, 1, 4096);
  all.in_flight_bytes_max = static_cast<size_t>(in_flight) << 20;
  all.prefetch_bytes_max = static_cast<size_t>(prefetch) << 20;
  limits.time("drain_ms", all.drain_deadline, 100, 200'000);
  limits.end();
  root.end();
  return all;
}

}  // namespace

Result<WorkerSettings> read_worker_settings(const std::string& path) {
  try {
    YAML::Node file = YAML::LoadFile(path);
    return settings_of(Section(path, "", file));
  } catch (const YAML::BadFile&) {
    return permanent(path + " can't be read: is it there?");
  } catch (const YAML::ParserException& e) {
    return permanent(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  } catch (const Refused& e) {
    return permanent(e.what());
  } catch (const YAML::Exception& e) {
    return permanent(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
}

}  // namespace millrace::pipeline

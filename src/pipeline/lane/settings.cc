#include "pipeline/lane/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "pipeline/lane/clickhouse_settings.h"
#include "pipeline/lane/settings_file.h"

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;

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
  section.time("linger_ms", epoch.linger, 1, 900'000);
  section.number("records", epoch.records, 1, 10'000'000);
  section.number("records_max", epoch.records_max, 1, 10'000'000);
  int64_t megabytes = static_cast<int64_t>(epoch.bytes_max >> 20);
  section.number("mb_max", megabytes, 1, 4096);
  epoch.bytes_max = static_cast<size_t>(megabytes) << 20;
  epoch.records_max = std::max(epoch.records_max, epoch.records);
  section.end();
}

// What a pipeline may say of itself, and a file of several for all of them.
void shared_of(Section& at, PipelineSettings& all) {
  at.number("lanes", all.lanes, 1, 256);
  const YAML::Node topics = at.at("topics");
  if (topics.IsDefined()) {
    if (!topics.IsSequence() || topics.size() == 0) at.refuse(topics, "topics", "must list the source topics, as [order.created, session.end]");
    all.topics.clear();
    for (const auto& topic : topics) all.topics.push_back(topic.Scalar());
  }
  if (at.at("start").IsDefined()) all.start_ms = start_of(at);
  rules_of(at.section("rules"), all.rules);
  epoch_of(at.section("epoch"), all.epoch);
  Section limits = at.section("limits");
  limits.number("in_flight_records", all.in_flight_records_max, 1000, 100'000'000);
  int64_t in_flight = static_cast<int64_t>(all.in_flight_bytes_max >> 20), prefetch = static_cast<int64_t>(all.prefetch_bytes_max >> 20);
  limits.number("in_flight_mb", in_flight, 1, 65536);
  limits.number("prefetch_mb", prefetch, 1, 4096);
  all.in_flight_bytes_max = static_cast<size_t>(in_flight) << 20;
  all.prefetch_bytes_max = static_cast<size_t>(prefetch) << 20;
  limits.time("drain_ms", all.drain_deadline, 100, 200'000);
  limits.end();
}

void warehouse_of(Section section, PipelineSettings& all) {
  StorageSettings& storage = all.warehouse;
  std::string url;
  int64_t memory = static_cast<int64_t>(all.warehouse_bytes_in_memory >> 20);
  section.number("memory_mb", memory, 1, 1024);
  all.warehouse_bytes_in_memory = static_cast<size_t>(memory) << 20;
  section.text("url", url);
  section.text("spool", storage.spool);
  section.text("directory", storage.directory, url.empty());
  if (!url.empty() && !storage.directory.empty()) section.refuse(section.at("url"), "url", "there is a `directory` too: a warehouse is in one of the two");
  if (!url.empty()) {
    const auto at = object_store::bucket_and_prefix(url);
    if (!at) section.refuse(section.at("url"), "url", "'" + url + "' must be s3://BUCKET or s3://BUCKET/PREFIX");
    object_store::BucketSettings& bucket = storage.bucket;
    bucket.bucket = at->first, storage.prefix = at->second;
    section.text("endpoint", bucket.endpoint);
    if (!bucket.endpoint.empty() && !bucket.endpoint.starts_with("http://") && !bucket.endpoint.starts_with("https://"))
      section.refuse(section.at("endpoint"), "endpoint", "'" + bucket.endpoint + "' must begin with http:// or https://");
    section.text("region", bucket.region);
    section.text("access_key", bucket.credentials.access_key);
    section.text("secret_key", bucket.credentials.secret_key, !bucket.credentials.access_key.empty());
  }
  section.end();
}

void billing_of(Section section, PipelineSettings& all) {
  section.text("address", all.billing_address, true);
  if (all.billing_address.find(':') == std::string::npos)
    section.refuse(section.at("address"), "address", "'" + all.billing_address + "' must be HOST:PORT of `millrace billing`");
  section.number("ledger_generation", all.ledger_generation, 1, 1'000'000'000);
  section.end();
}

constexpr const char* kOwn[] = {"pipeline", "dead_letters", "clickhouse", "warehouse", "alerts", "billing"};

// What belongs to one pipeline: its name, its sinks. `several`: there are others in this file.
void own_of(Section& at, PipelineSettings& all, bool several) {
  const auto has = [&](const char* key) { return at.at(key).IsDefined(); };
  const bool clickhouse = has("clickhouse"), warehouse = has("warehouse"), alerts = has("alerts"), billing = has("billing");
  at.text("pipeline", all.pipeline, true);
  if (clickhouse && warehouse)
    at.refuse(at.at("warehouse"), "warehouse",
              "this pipeline has `clickhouse` too: epochs for files are long, so give the warehouse a pipeline of its own (`pipelines:`)");
  if (!clickhouse && !warehouse && !alerts && !billing)
    at.refuse(at.at("clickhouse"), "clickhouse", "is missing: say where events go, to `clickhouse`, into a `warehouse`, to `alerts` or `billing`");
  if (clickhouse) clickhouse_of(at.section("clickhouse"), all);
  if (warehouse) {
    warehouse_of(at.section("warehouse"), all);
  }
  // By itself a pipeline sends alerts and bills nothing; beside others, alerts are the business of the one that names them.
  if (clickhouse && !several) all.alerts = "millrace.alerts";
  if (alerts) {
    Section topic = at.section("alerts");
    topic.text("topic", all.alerts = "millrace.alerts", true);
    topic.end();
  }
  if (billing) billing_of(at.section("billing"), all);
  if (!clickhouse && !has("dead_letters"))
    at.refuse(at.at("dead_letters"), "dead_letters",
              "is missing: a pipeline beside the one for ClickHouse needs a topic of its own, or each dead letter is in " + all.dead_letters + " twice");
  at.text("dead_letters", all.dead_letters, true);
  if (all.topics.empty()) at.refuse(at.at("topics"), "topics", "must list the source topics, as [order.created, session.end]");
  constexpr milliseconds kLongest{60'000};  // an epoch's rows are in memory
  if (!warehouse && all.epoch.linger > kLongest)
    at.refuse(at.at("epoch"), "epoch.linger_ms", "must be " + std::to_string(kLongest.count()) + " at most, except in a pipeline for a `warehouse`");
  if (!clickhouse && !warehouse && all.rules.catalog_topic.empty())
    at.refuse(at.at("rules"), "rules.catalog", "is missing: without rules there is no alert, and nothing is billed");
}

// Two pipelines have different names, and no sink gets an event from both of them.
void apart(Section& entry, const PipelineSettings& one, const PipelineSettings& other) {
  if (one.pipeline == other.pipeline)
    entry.refuse(entry.at("pipeline"), "pipeline", "there is another `" + one.pipeline + "`: the name is the consumer group's, and each has its own");
  const auto shared = std::ranges::find_first_of(one.topics, other.topics);
  if (shared == one.topics.end()) return;
  const auto differ = [&](const char* key, const std::string& mine, const std::string& others) {
    if (!mine.empty() && mine == others)
      entry.refuse(entry.at(key), key,
                   "`" + other.pipeline + "` sends what comes of " + *shared + " to " + mine + " too, where each would be twice: name another");
  };
  differ("dead_letters", one.dead_letters, other.dead_letters);
  differ("alerts", one.alerts, other.alerts);
  differ("billing", one.billing_address, other.billing_address);
  differ("warehouse", storage_name(one.warehouse), storage_name(other.warehouse));
  const std::string server = same_clickhouse(one, other);
  differ("clickhouse", server, server);
}

void pipelines_of(const std::string& file, Section& root, const PipelineSettings& shared, WorkerSettings& all) {
  const YAML::Node entries = root.at("pipelines");
  if (!entries.IsSequence() || entries.size() == 0)
    root.refuse(entries, "pipelines", "must list pipelines, each with a name (- pipeline: orders) and its sinks");
  for (const char* own : kOwn)
    if (root.at(own).IsDefined()) root.refuse(root.at(own), own, "belongs into one of the `pipelines`");
  for (size_t i = 0; i < entries.size(); ++i) {
    Section entry(file, "pipelines[" + std::to_string(i) + "]", entries[i]);
    PipelineSettings one = shared;
    one.pipeline.clear();
    shared_of(entry, one);
    own_of(entry, one, true);
    entry.end();
    for (const PipelineSettings& other : all.pipelines) apart(entry, one, other);
    all.pipelines.push_back(std::move(one));
  }
}

WorkerSettings settings_of(const std::string& file, Section root) {
  WorkerSettings all;
  PipelineSettings one;
  char host[256] = "worker";
  (void)gethostname(host, sizeof host - 1);
  one.instance = host;
  root.text("instance", one.instance, true);
  Section kafka = root.section("kafka");
  kafka.text("brokers", one.kafka.brokers, true);
  for (auto& [name, value] : kafka.pairs("properties")) one.kafka.overrides[name] = value;
  kafka.time("session_timeout_ms", one.session_timeout, 1000, 300'000);
  kafka.end();
  all.kafka = one.kafka;
  Section registry = root.section("registry");
  registry.text("url", all.registry_url, true);
  registry.text("cache", all.schema_file);
  registry.end();
  shared_of(root, one);
  if (root.at("pipelines").IsDefined()) {
    pipelines_of(file, root, one, all);
  } else {
    own_of(root, one, false);
    all.pipelines.push_back(std::move(one));
  }
  root.end();
  return all;
}

}  // namespace

Result<WorkerSettings> read_worker_settings(const std::string& path) {
  try {
    YAML::Node file = YAML::LoadFile(path);
    return settings_of(path, Section(path, "", file));
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

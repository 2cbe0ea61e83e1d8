// millrace loadgen: the producers of the five demo event types, and of the records of the benchmarks.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "app/subcommand.h"
#include "base/log.h"
#include "clients/metrics/exposer.h"
#include "tools/loadgen/sender.h"
#include "tools/loadgen/setup.h"

namespace millrace::app {
namespace loadgen_command {

using namespace loadgen;

struct Options {
  std::string brokers = "127.0.0.1:9092", registry = "http://127.0.0.1:8081", contracts, bad, preset, json;
  std::vector<std::string> topics, spikes;
  double rate = 1000, aborts = 0;
  bool as_fast_as_possible = false, prepare_only = false;
  int partitions = 0, metrics_port = -1, patience_s = 60;
  StreamSettings stream;
  SenderSettings sender;
};

void add_options(CLI::App& cli, Options& options) {
  cli.add_option("--brokers", options.brokers)->capture_default_str();
  cli.add_option("--registry", options.registry, "schema registry; schemas are registered as <topic>-value")->capture_default_str();
  cli.add_option("--contracts", options.contracts, "directory with topics.yaml and avro/; by default those built in");
  cli.add_option("--topics", options.topics, "only these of topics.yaml")->delimiter(',');
  cli.add_option("--preset", options.preset, "pageview: the one topic and record of the benchmarks")->check(CLI::IsMember({"pageview"}));
  cli.add_option("--seed", options.stream.seed, "the same seed and --start-ms give the same events")->capture_default_str();
  cli.add_option("--start-ms", options.stream.start_ms, "event times begin here (Unix milliseconds); by default now");
  cli.add_option("--rate", options.rate, "events a second, over all services")->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--spike", options.spikes, "FACTORx@START,SECONDS: 6x@30,10 is six times the rate from second 30 on for 10 s; repeatable");
  cli.add_flag("--max", options.as_fast_as_possible, "as fast as possible");
  cli.add_option("--events", options.sender.events, "stop after so many; by default never");
  cli.add_option("--seconds", options.sender.seconds, "stop after so long; by default never");
  cli.add_option("--bad", options.bad, "shares of bad records: truncated=0.001,unknown_schema=…,wrong_magic=…,empty=…,tombstone=…");
  cli.add_option("--aborts", options.aborts, "share of aborted transactions; above 0 an eighth of the services sends in transactions")
      ->check(CLI::Range(0.0, 1.0));
  cli.add_option("--tenants", options.stream.population.tenants)->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--zipf", options.stream.population.zipf_exponent, "tenant k has a share of about 1 / k^this")->capture_default_str();
  cli.add_option("--services", options.sender.services, "what the events come from, in turn")->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--producers", options.sender.producers, "at most one a service")->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--linger-ms", options.sender.linger_ms, "how long a producer collects a batch")->capture_default_str()->check(CLI::Range(0, 60'000));
  cli.add_option("--threads", options.sender.threads)->capture_default_str()->check(CLI::PositiveNumber);
  cli.add_option("--partitions", options.partitions, "of topics that are made, instead of topics.yaml's");
  cli.add_option("--spread", options.sender.spread_partitions, "round robin over so many partitions instead of by key");
  cli.add_option("--name", options.sender.name, "client and transactional ids begin with it")->capture_default_str();
  cli.add_option("--patience", options.patience_s, "seconds to wait for broker and registry at the start")->capture_default_str();
  cli.add_option("--json", options.json, "write the summary to this file too");
  cli.add_flag("--prepare-only", options.prepare_only, "make topics, register schemas, and end");
  cli.add_option("--metrics-port", options.metrics_port, "serve /metrics and /healthz; 0 picks a free port");
}

// The topics to make, and of them those to fill.
Result<std::vector<TopicContract>> choose_topics(Options& options) {
  auto all = options.contracts.empty() ? builtin_topics() : read_topics(options.contracts);
  if (!all) return all;
  std::vector<TopicContract> chosen;
  for (TopicContract& topic : *all) {
    const bool named = std::ranges::find(options.topics, topic.name) != options.topics.end();
    const bool fill = options.topics.empty() ? topic.role == (options.preset.empty() ? TopicRole::kEvents : TopicRole::kBench) : named;
    const bool of_the_pipeline = topic.role == TopicRole::kDeadLetters || topic.role == TopicRole::kAlerts;
    if (!fill && !of_the_pipeline) continue;
    if (options.partitions > 0) topic.partitions = options.partitions;
    if (!of_the_pipeline && !event_type_of_topic(topic.name)) return permanent("topics.yaml: " + topic.name + ": this binary makes no events for it");
    chosen.push_back(std::move(topic));
  }
  for (const std::string& name : options.topics)
    if (std::ranges::find(chosen, name, &TopicContract::name) == chosen.end()) return permanent("--topics " + name + ": topics.yaml has no such topic");
  return chosen;
}

Status prepare(Options& options, const std::atomic<bool>& stop) {
  auto topics = choose_topics(options);
  if (!topics) return std::unexpected(topics.error());
  auto defects = parse_defects(options.bad);
  if (!defects) return std::unexpected(defects.error());
  options.stream.defects = *defects;
  const std::chrono::seconds patience(options.patience_s);
  if (auto made = create_topics(options.sender.kafka, *topics, patience, stop); !made) return made;
  for (const TopicContract& topic : *topics) {
    if (topic.role == TopicRole::kDeadLetters || topic.role == TopicRole::kAlerts) continue;  // workers write these, with schemas of their own
    auto id = register_schema(options.registry, topic, patience, stop);
    if (!id) return std::unexpected(id.error());
    options.stream.topics.push_back({topic.name, event_type_of_topic(topic.name), *id});
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App cli{"Sends events of the five demo types (contracts/avro), or of the benchmarks, until a signal ends it.", "millrace loadgen"};
  Options options;
  add_options(cli, options);
  CLI11_PARSE(cli, argc, argv);
  log::start("loadgen");
  options.sender.kafka.brokers = options.brokers;
  if (!options.stream.start_ms) options.stream.start_ms = std::time(nullptr) * 1000;
  if (!options.preset.empty()) {
    options.sender.producers = std::min<uint64_t>(options.sender.producers, 2);
    if (!options.sender.spread_partitions) options.sender.spread_partitions = options.partitions > 0 ? options.partitions : 4;
  }
  if (options.aborts > 0) {
    options.sender.abort_share = options.aborts;
    options.sender.transactional_services = std::max<uint64_t>(1, options.sender.services / 8);
  }
  const auto fail = [](const Error& error) {
    log::error("{}", error.message);
    return 1;
  };
  std::vector<Spike> spikes;
  for (const std::string& text : options.spikes) {
    auto spike = parse_spike(text);
    if (!spike) return fail(spike.error());
    spikes.push_back(*spike);
  }
  auto pace = Pace::create(options.as_fast_as_possible ? 0 : options.rate, spikes);
  if (!pace) return fail(pace.error());

  // Blocked before any thread exists: this thread alone takes them, in the loop below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::atomic<bool> stop{false}, done{false};
  Status outcome;
  std::unique_ptr<Tally> tally;
  std::unique_ptr<Stream> stream;
  std::atomic<bool> ready{false};
  std::jthread worker([&] {
    outcome = prepare(options, stop);
    if (outcome && !stop && !options.prepare_only) {
      stream = std::make_unique<Stream>(options.stream, *pace);
      tally = std::make_unique<Tally>(options.stream.topics.size());
      ready = true;
      outcome = send(*stream, options.sender, *tally, stop);
    }
    done = true;
    kill(getpid(), SIGTERM);  // wakes the loop below
  });

  metrics::Registry registry;
  std::unique_ptr<TallyMetrics> measured;
  std::optional<metrics::Exposer> exposer;
  auto started = std::chrono::steady_clock::now();
  uint64_t before = 0;
  for (bool first = true; !done;) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0 && !done) stop = true, log::info("stopping: flushing what was sent");
    if (!ready) continue;
    if (first) {
      first = false;
      measured = std::make_unique<TallyMetrics>(registry, options.stream);
      if (options.metrics_port >= 0) {
        auto exposing = metrics::Exposer::start(registry, static_cast<uint16_t>(options.metrics_port));
        if (!exposing) {
          stop = true;
          log::error("{}", exposing.error().message);
          continue;
        }
        exposer = std::move(*exposing);
        std::printf("listening on 127.0.0.1:%d\n", exposer->port());
      }
    }
    measured->update(*tally);
    const uint64_t sent = tally->sent();
    std::printf("sent %lu  %lu/s  bad %lu  aborted %lu  failed %lu  in flight %lu\n", sent, sent - before, tally->bad(), tally->aborted(), tally->failed.load(),
                tally->in_flight.load());
    std::fflush(stdout);
    before = sent;
  }
  worker.join();
  if (tally) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    std::fputs(summary_text(*tally, options.stream, seconds).c_str(), stdout);
    if (!options.json.empty()) std::ofstream(options.json) << summary_json(*tally, options.stream, seconds);
  }
  if (!outcome && !stop) return fail(outcome.error());
  return tally && tally->failed > 0 ? 1 : 0;
}

const Subcommand subcommand("loadgen", "producers of the demo event types: steady, spike, bad input", run);

}  // namespace loadgen_command
}  // namespace millrace::app

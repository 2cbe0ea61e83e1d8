#include "tools/loadgen/tally.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace millrace::loadgen {

uint64_t Tally::sent() const {
  uint64_t sum = 0;
  for (const auto& topic : by_topic)
    for (const auto& count : topic.sent) sum += count;
  return sum;
}

uint64_t Tally::bad() const {
  uint64_t sum = 0;
  for (const auto& topic : by_topic)
    for (size_t kind = 1; kind < kDefects; ++kind) sum += topic.sent[kind];
  return sum;
}

uint64_t Tally::aborted() const {
  uint64_t sum = 0;
  for (const auto& topic : by_topic) sum += topic.aborted;
  return sum;
}

uint64_t Tally::bytes() const {
  uint64_t sum = 0;
  for (const auto& topic : by_topic) sum += topic.bytes;
  return sum;
}

std::string summary_text(const Tally& tally, const StreamSettings& stream, double seconds) {
  std::string out;
  char line[256];
  std::snprintf(line, sizeof line, "%-20s %12s", "topic", "good");
  out += line;
  for (size_t kind = 1; kind < kDefects; ++kind) std::snprintf(line, sizeof line, " %14s", name(static_cast<Defect>(kind))), out += line;
  out += "        aborted\n";
  for (size_t i = 0; i < tally.by_topic.size(); ++i) {
    std::snprintf(line, sizeof line, "%-20s %12lu", stream.topics[i].name.c_str(), tally.by_topic[i].sent[0].load());
    out += line;
    for (size_t kind = 1; kind < kDefects; ++kind) std::snprintf(line, sizeof line, " %14lu", tally.by_topic[i].sent[kind].load()), out += line;
    std::snprintf(line, sizeof line, " %14lu\n", tally.by_topic[i].aborted.load());
    out += line;
  }
  std::snprintf(line, sizeof line, "%lu sent in %.1f s (%.0f/s, %.1f MB/s), %lu bad, %lu failed, %lu of unknown outcome; seed %lu, start %ld\n", tally.sent(),
                seconds, static_cast<double>(tally.sent()) / seconds, static_cast<double>(tally.bytes()) / 1e6 / seconds, tally.bad(), tally.failed.load(),
                tally.unknown.load(), stream.seed, stream.start_ms);
  return out + line;
}

std::string summary_json(const Tally& tally, const StreamSettings& stream, double seconds) {
  nlohmann::ordered_json root{
      {"sent", tally.sent()},   {"bad", tally.bad()}, {"aborted", tally.aborted()}, {"failed", tally.failed.load()}, {"unknown", tally.unknown.load()},
      {"bytes", tally.bytes()}, {"seconds", seconds}, {"seed", stream.seed},        {"start_ms", stream.start_ms}};
  for (size_t i = 0; i < tally.by_topic.size(); ++i) {
    auto& topic = root["topics"][stream.topics[i].name];
    for (size_t kind = 0; kind < kDefects; ++kind) topic[name(static_cast<Defect>(kind))] = tally.by_topic[i].sent[kind].load();
    topic["aborted"] = tally.by_topic[i].aborted.load();
  }
  return root.dump(2) + "\n";
}

TallyMetrics::TallyMetrics(metrics::Registry& registry, const StreamSettings& stream) {
  for (const auto& of : stream.topics) {
    Topic& topic = topics_.emplace_back();
    for (size_t kind = 0; kind < kDefects; ++kind)
      topic.sent[kind] = registry.counter("millrace_loadgen_records_total", {{"topic", of.name}, {"kind", name(static_cast<Defect>(kind))}});
    topic.aborted = registry.counter("millrace_loadgen_aborted_records_total", {{"topic", of.name}});
  }
  failed_ = registry.counter("millrace_loadgen_failed_records_total");
  in_flight_ = registry.gauge("millrace_loadgen_in_flight_records");
}

void TallyMetrics::update(const Tally& tally) {
  const auto carry = [](metrics::Counter& counter, uint64_t& seen, uint64_t now) {
    counter.add(static_cast<double>(now - seen));
    seen = now;
  };
  for (size_t i = 0; i < topics_.size(); ++i) {
    for (size_t kind = 0; kind < kDefects; ++kind) carry(topics_[i].sent[kind], topics_[i].seen[kind], tally.by_topic[i].sent[kind]);
    carry(topics_[i].aborted, topics_[i].aborted_seen, tally.by_topic[i].aborted);
  }
  carry(failed_, failed_seen_, tally.failed);
  in_flight_.set(static_cast<double>(tally.in_flight));
}

}  // namespace millrace::loadgen

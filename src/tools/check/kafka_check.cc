#include "tools/check/kafka_check.h"

#include <cstdlib>

namespace millrace::check {
namespace {

// -1 when it isn't there or not a number.
long long number(const Configs& configs, const std::string& name) {
  auto it = configs.find(name);
  return it == configs.end() || it->second.empty() ? -1 : std::atoll(it->second.c_str());
}

constexpr long long kAlertBytesMax = 12 << 10;  // pipeline/sinks/alerts/alert.h

Severity grave(const KafkaDemands& d) { return d.production ? Severity::kError : Severity::kWarning; }

void append(std::vector<Finding>& all, std::vector<Finding> more) {
  for (auto& f : more) all.push_back(std::move(f));
}

}  // namespace

std::vector<Finding> judge_broker(const Configs& c, const KafkaDemands& d) {
  std::vector<Finding> out;
  auto say = [&](Severity s, std::string text) { out.push_back({s, "broker", std::move(text)}); };
  auto metadata = number(c, "offset.metadata.max.bytes");
  if (metadata >= 0 && metadata < static_cast<long long>(d.metadata_bytes))
    say(Severity::kError, "offset.metadata.max.bytes=" + std::to_string(metadata) + ": a plan needs up to " + std::to_string(d.metadata_bytes) +
                              " bytes; set it to at least that");
  auto retention = number(c, "offsets.retention.minutes");
  if (retention >= 0 && retention < 7 * 24 * 60)
    say(grave(d), "offsets.retention.minutes=" + std::to_string(retention) +
                      ": a pipeline that stops for longer loses its offsets and plans; set it beyond any stop (43200 is a month)");
  if (auto s = number(c, "group.min.session.timeout.ms"); s > d.session_timeout.count())
    say(Severity::kError, "group.min.session.timeout.ms=" + std::to_string(s) + ": workers ask for a session of " + std::to_string(d.session_timeout.count()) +
                              " ms and would be refused");
  if (auto s = number(c, "group.max.session.timeout.ms"); s >= 0 && s < d.session_timeout.count())
    say(Severity::kError, "group.max.session.timeout.ms=" + std::to_string(s) + ": workers ask for a session of " + std::to_string(d.session_timeout.count()) +
                              " ms and would be refused");
  if (auto t = number(c, "transaction.max.timeout.ms"); t >= 0 && t < d.transaction_timeout.count())
    say(Severity::kError,
        "transaction.max.timeout.ms=" + std::to_string(t) + ": workers ask for " + std::to_string(d.transaction_timeout.count()) + " ms and would be refused");
  if (auto it = c.find("unclean.leader.election.enable"); it != c.end() && it->second == "true")
    say(grave(d), "unclean.leader.election.enable=true: an election can lose committed offsets, and events with them; set it to false");
  return out;
}

std::vector<Finding> judge_source(const std::string& topic, const Configs& c) {
  std::vector<Finding> out;
  std::string subject = "topic " + topic;
  if (auto it = c.find("cleanup.policy"); it != c.end() && it->second.find("compact") != std::string::npos)
    out.push_back(
        {Severity::kError, subject,
         "cleanup.policy=" + it->second + ": compaction takes records out of a range that a plan has counted; a source must have cleanup.policy=delete"});
  auto ms = number(c, "retention.ms");
  if (ms >= 0 && ms < 24LL * 3600 * 1000)
    out.push_back({Severity::kWarning, subject,
                   "retention.ms=" + std::to_string(ms) + ": records go before a sink that is down for a day is back; seven days are 604800000"});
  auto bytes = number(c, "retention.bytes");
  if (bytes >= 0)
    out.push_back(
        {Severity::kWarning, subject, "retention.bytes=" + std::to_string(bytes) + ": a spike deletes records that were not read yet; -1 turns it off"});
  return out;
}

std::vector<Finding> judge_replication(const std::string& topic, int replicas, const Configs& c, const KafkaDemands& d) {
  std::vector<Finding> out;
  std::string subject = "topic " + topic;
  if (replicas < 3)
    out.push_back({grave(d), subject,
                   std::to_string(replicas) + " replica(s) of some partition: exactly once rests on it; three are needed to lose a broker and still have two"});
  auto isr = number(c, "min.insync.replicas");
  if (isr >= 0 && isr < 2)
    out.push_back({grave(d), subject, "min.insync.replicas=" + std::to_string(isr) + ": an acknowledged write may be on one broker alone; set it to 2"});
  if (auto it = c.find("unclean.leader.election.enable"); it != c.end() && it->second == "true")
    out.push_back({grave(d), subject, "unclean.leader.election.enable=true: an election can lose acknowledged writes; set it to false"});
  return out;
}

std::vector<Finding> judge_alerts(const std::string& topic, const Configs& c) {
  std::vector<Finding> out;
  const std::string subject = "topic " + topic;
  if (auto bytes = number(c, "max.message.bytes"); bytes >= 0 && bytes < kAlertBytesMax)
    out.push_back({Severity::kError, subject,
                   "max.message.bytes=" + std::to_string(bytes) + ": an alert may take " + std::to_string(kAlertBytesMax) +
                       " bytes, and one that is refused stops its lane; set it to at least that"});
  if (auto it = c.find("cleanup.policy"); it != c.end() && it->second.find("compact") != std::string::npos)
    out.push_back({Severity::kError, subject, "cleanup.policy=" + it->second + ": of alerts with one key all but the last would go; set it to delete"});
  return out;
}

Result<std::vector<Finding>> check_kafka(kafka::Admin& admin, const KafkaDemands& d) {
  auto broker = admin.broker_configs();
  if (!broker) return std::unexpected(broker.error());
  auto out = judge_broker(*broker, d);

  std::vector<std::string> roots{"__consumer_offsets", "__transaction_state", d.dead_letters};
  if (!d.alerts.empty()) roots.push_back(d.alerts);
  std::vector<std::string> names = d.sources;
  names.insert(names.end(), roots.begin(), roots.end());
  auto topics = admin.describe(names);
  if (!topics) return std::unexpected(topics.error());
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& topic = (*topics)[i];
    bool internal = names[i].starts_with("__");
    if (!topic) {
      if (topic.error().retry == Retry::kTransient) return std::unexpected(topic.error());
      if (!internal)  // the broker makes its own when they are first needed
        out.push_back({Severity::kError, "topic " + names[i], topic.error().message + ": create it first"});
      continue;
    }
    auto configs = admin.topic_configs(names[i]);
    if (!configs) return std::unexpected(configs.error());
    if (i < d.sources.size()) {
      append(out, judge_source(names[i], *configs));
      auto dead = number(*configs, "max.message.bytes");
      auto dlq = admin.topic_configs(d.dead_letters);
      // Key, value and some two kilobytes of headers must fit.
      if (dlq && number(*dlq, "max.message.bytes") < dead)
        out.push_back(
            {Severity::kWarning, "topic " + d.dead_letters,
             "max.message.bytes is below that of " + names[i] + ": a large bad record couldn't be dead-lettered intact, and its partition would stop"});
    } else {
      append(out, judge_replication(names[i], topic->replicas_min, *configs, d));
      if (names[i] == d.alerts) append(out, judge_alerts(names[i], *configs));
    }
  }
  return out;
}

}  // namespace millrace::check

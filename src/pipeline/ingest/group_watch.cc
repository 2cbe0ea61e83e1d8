#include "pipeline/ingest/group_watch.h"

#include <limits>

#include "base/log.h"
#include "clients/kafka/consumer.h"
#include "pipeline/ingest/unassigned.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr milliseconds kAnswer{3000};
constexpr milliseconds kVisit{20'000};  // at most, until the guest is dealt its part

std::string names(const std::vector<TopicPartition>& partitions) {
  std::string text;
  for (const TopicPartition& each : partitions) text += (text.empty() ? "" : ", ") + each.topic + "/" + std::to_string(each.partition.value);
  return text;
}

}  // namespace

GroupWatch::GroupWatch(GroupWatchSettings settings, std::function<Result<std::vector<TopicPartition>>()> all, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      all_(std::move(all)),
      unassigned_(metrics.gauge("millrace_unassigned_partitions")),
      visits_(metrics.counter("millrace_group_nudges_total")),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

GroupWatch::~GroupWatch() = default;

void GroupWatch::run(const std::stop_token& stop) {
  auto groups = kafka::GroupAdmin::create(settings_.kafka);
  if (!groups) return log::warn("group {}: nobody watches for partitions without a member: {}", settings_.group, groups.error().message);
  Unassigned unassigned(settings_.patience);
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, settings_.interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const auto all = all_();
    const auto group = groups->describe(settings_.group, kAnswer);
    if (!all || !group) {
      unassigned.forget();
      unassigned_.set(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const bool too_long = unassigned.look(*group, *all, Clock::now());
    unassigned_.set(static_cast<double>(unassigned.partitions().size()));
    if (!too_long) continue;
    log::warn("group {}: no member has {}; a guest makes the group deal them out", settings_.group, names(unassigned.partitions()));
    visits_.add();
    unassigned.forget();
    if (const Status visited = be_a_guest(stop); !visited) log::warn("group {}: the guest: {}", settings_.group, visited.error().message);
  }
}

// Joins, is dealt its part, and leaves: two rebalances, which take nothing from anybody who may keep it.
Status GroupWatch::be_a_guest(const std::stop_token& stop) const {
  kafka::ConsumerSettings settings;
  settings.kafka = settings_.kafka;
  settings.kafka.client_id += "-guest";
  settings.group = settings_.group;
  settings.session_timeout = settings_.session_timeout;
  auto guest = kafka::Consumer::create(settings);
  if (!guest) return std::unexpected(guest.error());
  if (const Status subscribed = guest->subscribe({settings_.guest_topic}); !subscribed) return subscribed;
  kafka::MessageBatch none;
  for (const auto until = Clock::now() + kVisit; Clock::now() < until && !stop.stop_requested();) {
    guest->consume(none, 1, milliseconds(200));
    if (!guest->take_rebalances().empty()) return guest->assign({});
    if (const auto fatal = guest->fatal_error()) return std::unexpected(*fatal);
  }
  return stop.stop_requested() ? Status{} : transient("the group didn't take it in within " + std::to_string(kVisit.count() / 1000) + " s");
}

}  // namespace millrace::pipeline

#include "topic_store/follower.h"

#include <algorithm>

#include "base/log.h"

namespace millrace::topic_store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// stop() can't interrupt a call of the client, so none may take longer than this.
constexpr auto kCall = 1000ms;
constexpr auto kBetweenAttempts = 200ms;
constexpr auto kBetweenComplaints = 10s;

}  // namespace

void Follower::start() {
  thread_ = std::thread([this] { run(); });
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Follower::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::optional<Error> Follower::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

bool Follower::pause(std::chrono::milliseconds time) const {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return stopping_; });
}

Result<bool> Follower::wait(Deadline deadline, const std::function<bool()>& holds) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return stopping_ || refusal_ || holds(); });
  if (refusal_) return std::unexpected(*refusal_);
  return holds();
}

Result<bool> Follower::wait_current(Deadline deadline) const {
  return wait(deadline, [&] { return current_; });
}

Result<bool> Follower::wait_for(Offset end, Deadline deadline) const {
  return wait(deadline, [&] { return applied_ >= end; });
}

void Follower::refuse(std::string why) {
  log::error("{}", why);
  {
    const std::lock_guard lock(mutex_);
    refusal_ = Error{Retry::kPermanent, 0, std::move(why)};
  }
  changed_.notify_all();
}

void Follower::run() {
  auto complain_at = steady_clock::now();
  while (!stopping() && !refusal()) {
    if (auto opened = open(); opened) {
      follow();
      reader_.reset();
    } else if (!refusal() && steady_clock::now() >= complain_at) {
      log::info("waiting for topic {}: {}", settings_.topic, opened.error().message);
      complain_at = steady_clock::now() + kBetweenComplaints;
    }
    pause(kBetweenAttempts);
  }
}

// The topic as it is; made if it isn't there. Its shape is judged only when we are to write it.
Status Follower::make_and_look(kafka::Admin& admin) {
  const std::string& topic = settings_.topic;
  auto topics = admin.list_topics(kCall);
  if (!topics) return std::unexpected(topics.error());
  if (std::ranges::find(*topics, topic) == topics->end()) {
    if (settings_.read_only) return transient("it isn't there, and this process only reads it");
    if (topic_id_) {
      refuse("topic " + topic + " was deleted: what was read stays; restart this process to begin with an empty topic");
      return std::unexpected(*refusal());
    }
    auto made = admin.create_topic({topic, 1, -1, {{"cleanup.policy", "compact"}}}, kCall);
    if (!made) return std::unexpected(made.error());
    if (*made == kafka::Created::kNew) log::info("topic {} made, compacted", topic);
  }
  auto described = admin.describe({topic}, kCall);
  if (!described) return std::unexpected(described.error());
  const auto& found = described->front();
  if (!found) return std::unexpected(found.error());
  if (found->partitions.size() != 1)
    refuse("topic " + topic + " has " + std::to_string(found->partitions.size()) +
           " partitions; a store needs exactly one, or there is no order of writes: name another topic");
  else if (topic_id_ && *topic_id_ != found->id)
    refuse("topic " + topic + " was deleted and made anew: what was read stays; restart this process to begin with the new topic");
  if (auto refused = refusal()) return std::unexpected(*refused);
  topic_id_ = found->id;
  if (settings_.read_only) return {};
  auto configs = admin.topic_configs(topic, kCall);
  if (!configs) return std::unexpected(configs.error());
  if (const std::string& policy = (*configs)["cleanup.policy"]; policy != "compact") {
    refuse("topic " + topic + " has cleanup.policy=" + policy + ", which forgets records by age; set it to compact");
    return std::unexpected(*refusal());
  }
  return {};
}

Status Follower::open() {
  if (!admin_) {
    auto admin = kafka::Admin::create(settings_.kafka);
    if (!admin) return std::unexpected(admin.error());
    admin_ = std::move(*admin);
  }
  if (auto looked = make_and_look(*admin_); !looked) return looked;
  kafka::ReaderSettings settings;
  settings.kafka = settings_.kafka;
  settings.fetch_wait_max = 100ms;  // a write is seen at once; this is how often nothing is
  auto reader = kafka::Reader::create(settings);
  if (!reader) return std::unexpected(reader.error());
  const TopicPartition partition{settings_.topic, PartitionId(0)};
  auto there = reader->watermarks(partition, kCall);
  if (!there) return std::unexpected(there.error());
  if (next_.value < 0) next_ = there->low;
  if (auto assigned = reader->assign({{partition, next_}}); !assigned) return assigned;
  reader_ = std::move(*reader);
  admin_.reset();
  return {};
}

void Follower::follow() {
  kafka::MessageBatch batch;
  while (!stopping()) {
    reader_->consume(batch, 1000, 100ms);
    if (!batch.partition_errors().empty()) {  // the topic is looked at again, and read on from where we are
      log::warn("topic {}: {}", settings_.topic, batch.partition_errors().front().error.message);
      return;
    }
    bool at_end = false;
    for (const auto& record : batch.records()) {
      apply_({record.key, record.null_value ? std::nullopt : std::optional(record.value), record.offset, record.timestamp_ms});
      next_ = Offset(record.offset.value + 1);
    }
    for (const auto& end : batch.ends()) {  // past what no record shows: markers, aborted records
      next_ = std::max(next_, end.offset);
      at_end = true;
    }
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      applied_ = next_;
      first = at_end && !current_;
      current_ |= at_end;
    }
    if (!batch.records().empty() || at_end) changed_.notify_all();
    if (first) log::info("topic {} is read to offset {}", settings_.topic, next_.value);
    for (const auto& error : batch.errors()) log::debug("topic {}: {}", settings_.topic, error.message);
  }
}

}  // namespace millrace::topic_store

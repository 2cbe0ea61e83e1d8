// What the lane asks its protocol core: nothing here changes anything.
#include <algorithm>

#include "pipeline/commit/lane_protocol.h"

namespace millrace::pipeline {

// While another epoch follows at once, the lane is never idle: what was found in an assignment would wait for ever.
bool LaneProtocol::wants_epoch() const { return producer_ready_ && !next_ && !commit_ && !wants_idle(); }

bool LaneProtocol::wants_idle() const {
  return std::ranges::any_of(partitions_, [](const auto& entry) {
    const Partition& p = entry.second;
    return !p.leaving && (p.phase == Phase::kFound || p.phase == Phase::kBeginning);
  });
}

bool LaneProtocol::may_plan(const TopicPartition& partition) const {
  const Partition* p = find(partition);
  return p != nullptr && p->phase == Phase::kReady && !p->leaving && p->reason.empty();
}

std::optional<Offset> LaneProtocol::next_begin(const TopicPartition& partition) const {
  const Partition* p = find(partition);
  if (p == nullptr || p->phase != Phase::kReady) return std::nullopt;
  for (const Plan* plan : {commit_ ? commit_->announces.get() : nullptr, next_.get(), in_flight_ && in_flight_->fresh ? in_flight_->plan.get() : nullptr})
    if (const PlanRange* range = plan != nullptr ? plan->find(partition) : nullptr) return range->offsets.end;
  return p->position;
}

std::optional<TopicId> LaneProtocol::topic_id(const TopicPartition& partition) const {
  const Partition* p = find(partition);
  if (p == nullptr || p->phase != Phase::kReady) return std::nullopt;
  return p->topic_id;
}

std::optional<Offset> LaneProtocol::committed_offset(const TopicPartition& partition) const {
  const Partition* p = find(partition);
  if (p == nullptr || (p->phase != Phase::kReady && p->phase != Phase::kFound)) return std::nullopt;
  return p->position;
}

bool LaneProtocol::idle() const { return !in_flight_ && !next_ && !commit_; }
bool LaneProtocol::draining() const {
  return std::ranges::any_of(partitions_, [](const auto& p) { return p.second.leaving; });
}
std::vector<TopicPartition> LaneProtocol::held() const {
  std::vector<TopicPartition> names;
  for (const auto& [name, partition] : partitions_) names.push_back(name);
  return names;
}

bool LaneProtocol::content() const {
  const auto settled = [](const auto& entry) { return entry.second.phase == Phase::kReady || entry.second.phase == Phase::kStopped; };
  return producer_ready_ && idle() && waiting_ == 0 && std::ranges::all_of(partitions_, settled);
}

std::string LaneProtocol::waits_for() const {
  std::string found, unread, unstable, beginnings;
  for (const auto& [name, p] : partitions_) {
    const std::string each = " " + to_string(name);
    if (p.phase == Phase::kReading) (p.unstable ? unstable : unread) += each;
    if (p.phase == Phase::kResolving) beginnings += each;
  }
  const std::string and_offsets = (unstable.empty() ? "" : "; the transaction that commits offsets of these to end:" + unstable) +
                                  (unread.empty() ? "" : "; the committed offsets of these:" + unread) +
                                  (beginnings.empty() ? "" : "; where these begin:" + beginnings);
  if (!producer_ready_) return "its transactional producer" + and_offsets;
  if (commit_) return "the answer to a commit" + and_offsets;
  if (waiting_ != 0) return "the group to take a commit that it refused" + and_offsets;
  if (in_flight_) {
    static constexpr const char* kStages[] = {"to be announced", "to be made again", "to be announced as made", "to be durable in every sink",
                                              "to be committed"};
    return "plan " + to_string(in_flight_->plan->id.value) + " " + kStages[static_cast<int>(in_flight_->stage)] + and_offsets;
  }
  return (partitions_.empty() ? "partitions" : "records") + and_offsets;
}

}  // namespace millrace::pipeline

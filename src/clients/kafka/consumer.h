#pragma once
// A member of a consumer group.

#include <memory>

#include "clients/kafka/batch.h"

namespace millrace::kafka {

struct ConsumerSettings {
  KafkaProperties kafka;
  std::string group;
  std::string instance_id;  // group.instance.id; empty: a dynamic member
  milliseconds session_timeout{10'000};
  milliseconds heartbeat_interval{1'000};
  milliseconds poll_interval_max{300'000};
  size_t queued_bytes_max = 32u << 20;  // librdkafka's prefetch queue, over all partitions
  size_t queued_batches_max = 20'000;   // and of so many record batches
  size_t fetch_bytes_max = 8u << 20;
  // The broker answers a fetch when so much is there, or so long has passed: few answers are cheap for both, and late.
  size_t fetch_bytes_min = 1;
  milliseconds fetch_wait_max{20};
};

enum class RebalanceKind {
  kAssigned,  // answer with assign()
  kRevoked,   // answer with unassign(), once the work in flight is committed
  kLost,      // somebody else may own them already: nothing may be committed for them; answer with unassign()
};
struct Rebalance {
  RebalanceKind kind;
  std::vector<TopicPartition> partitions;  // may be empty; answer it all the same
};

struct AssignedPartition {
  TopicPartition partition;
  std::optional<Offset> begin;  // none: where the group committed (an error of the partition when there is nothing)
};

// The membership of this moment, to be handed to TransactionalProducer::send_offsets.
class GroupMetadata {
 public:
  GroupMetadata();
  ~GroupMetadata();
  GroupMetadata(GroupMetadata&&) noexcept;
  GroupMetadata& operator=(GroupMetadata&&) noexcept;
  int32_t generation() const { return generation_; }
  const std::string& member_id() const { return member_id_; }
  // Without both the broker doesn't fence: such metadata must not be committed with.
  bool fences() const { return generation_ >= 0 && !member_id_.empty(); }
  // Of nobody: what an operator's tool commits with, for partitions that nobody commits for (it must have made sure of that: the
  // broker takes it in whatever state the group is).
  static GroupMetadata of_no_member(const std::string& group);
  bool of_no_member() const { return of_no_member_; }
  void* handle() const { return handle_; }

 private:
  friend class Consumer;
  void* handle_ = nullptr;
  int32_t generation_ = -1;
  std::string member_id_;
  bool of_no_member_ = false;
};

// One thread uses it (the lane's). Cooperative assignment, read_committed, no auto commit, no offset store,
// auto.offset.reset=error. Rebalances arrive as values in consume() and wait until they are answered; meanwhile keep
// calling consume(), which is also the sign of life for poll_interval_max. The destructor leaves the group if the
// member is dynamic, and stays a member otherwise (until the session times out).
class Consumer {
 public:
  static Result<Consumer> create(const ConsumerSettings& settings);
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&&) noexcept;
  ~Consumer();

  Status subscribe(const std::vector<std::string>& topics);
  // Closes: hands out a last revocation to be answered; poll consume() until closed(). A static member keeps its place.
  void close();
  bool closed() const;

  // About `records_max` records, since record batches come whole; waits at most `timeout` for the first. Returns early for a rebalance.
  // The batch is cleared first; its memory is used again.
  void consume(MessageBatch& batch, size_t records_max, milliseconds timeout);
  std::vector<Rebalance> take_rebalances();

  Status assign(const std::vector<AssignedPartition>& partitions);  // incremental
  Status unassign(const std::vector<TopicPartition>& partitions);   // incremental
  Status pause(const std::vector<TopicPartition>& partitions);      // what is prefetched is fetched again after resume
  Status resume(const std::vector<TopicPartition>& partitions);
  Status seek(const std::vector<std::pair<TopicPartition, Offset>>& positions);
  std::vector<TopicPartition> assignment() const;

  // Stable read: an offset in a pending transaction arrives as `unstable` at once (also for some milliseconds after a
  // commit was acknowledged, until its markers are written): ask again. The outer error: nobody answered.
  Result<std::vector<CommittedOffset>> committed(const std::vector<TopicPartition>& partitions, milliseconds timeout);
  Result<Watermarks> watermarks(const TopicPartition& partition, milliseconds timeout);
  // From the last fetch, no request; none if nothing was fetched yet. high is the last stable offset + 1.
  std::optional<Watermarks> cached_watermarks(const TopicPartition& partition) const;
  Result<GroupMetadata> group_metadata() const;

  const std::string& topic_name(uint16_t index) const;
  uint16_t topic_index(const std::string& name);  // the index that records of this topic carry, given out on demand
  // Set when the client can't go on (fenced by another member with our instance id, above all): make a new one.
  std::optional<Error> fatal_error() const;

 private:
  struct Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka

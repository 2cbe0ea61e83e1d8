#pragma once
// Where a partition of the group stands, by what is committed for it. Pure: the lane decides by the same (commit/lane_protocol.cc).

#include <optional>
#include <string>

#include "clients/kafka/types.h"
#include "pipeline/commit/plan.h"

namespace millrace::operate {

enum class Standing {
  kGoesOn,        // our mark, and no plan
  kPlanPending,   // a plan was begun: its owner writes it, or whoever comes next completes it
  kPlanStopped,   // nobody completes the plan until an operator says `plan retry` or `plan abandon`
  kUnmarked,      // an offset without our mark: stands still until `offsets accept`
  kBehindLog,     // our mark, no plan, and the log no longer has the next record: stands still until `offsets accept --at`
  kNoOffset,      // the group has none: a worker begins by itself, unless a sink has rows of the partition
  kOtherRelease,  // committed by another release of millrace, which this one can't read
  kUnknown,       // it couldn't be read
};
const char* name(Standing standing);  // "plan_stopped": stable, in the JSON output

struct PartitionState {
  TopicPartition partition;
  Standing standing = Standing::kUnknown;
  std::optional<Offset> offset;                  // committed
  std::string metadata;                          // as it was committed
  std::optional<pipeline::CommitMetadata> mark;  // what is in it, if it is ours
  std::optional<TopicId> topic_id;               // the topic's now
  bool topic_made_anew = false;                  // since the mark was made
  std::string reason;                            // why it stands still, or why it isn't known
  std::string owner;                             // the member that holds it: its instance id, or else its client id; "": nobody, or the group rebalances

  const pipeline::PlanPtr& plan() const;  // nullptr: none
  // The same offset with the same metadata, of the same topic: nobody committed in between, and whoever reads it does the same.
  bool same_commit(const PartitionState& other) const {
    return offset == other.offset && metadata == other.metadata && topic_id == other.topic_id &&
           (standing == Standing::kUnknown) == (other.standing == Standing::kUnknown);
  }
};

// `topic`: the id that the topic has now.
PartitionState judge(const kafka::CommittedOffset& committed, const Result<TopicId>& topic);

// One that goes on by its commit can't, where the log begins behind it. A log's begin never goes back, so this lasts.
void judge_log(PartitionState& state, const kafka::Watermarks& log);

Result<TopicPartition> parse_partition(std::string_view text);

}  // namespace millrace::operate

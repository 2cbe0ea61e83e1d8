#pragma once
// A plan that stands still, held by an operator: found in the group's offsets, its owners fenced, committed for only if nothing changed.

#include <vector>

#include "tools/operate/group_view.h"
#include "tools/operate/operator_commit.h"

namespace millrace::operate {

// find(), fence_owners(), commit(), in this order. One thread.
class StoppedPlan {
 public:
  // The error: no partition carries the plan, or none of those that do stands still.
  static Result<StoppedPlan> find(const Settings& settings, PlanId id);

  const pipeline::Plan& plan() const { return *stopped_.front().plan(); }
  const std::vector<PartitionState>& stopped() const { return stopped_; }  // at least one
  const std::vector<PartitionState>& pending() const { return pending_; }  // they carry it too, and somebody is at it
  const std::vector<TopicPartition>& past() const { return past_; }        // the plan's other partitions
  int adoptions() const;

  Status fence_owners();
  // After a last look: refused if the stopped partitions aren't as they were found.
  Status commit(const std::vector<kafka::OffsetToCommit>& offsets, const std::vector<pipeline::RejectedRecord>& dead_letters = {});

 private:
  StoppedPlan(const Settings& settings, GroupView view) : settings_(settings), view_(std::move(view)), commit_(settings) {}
  Status unchanged();

  Settings settings_;
  GroupView view_;
  OperatorCommit commit_;
  std::vector<PartitionState> stopped_, pending_;
  std::vector<TopicPartition> past_;
};

// Looks again at partitions and says what changed; an error if anything did.
Status unchanged(GroupView& view, const std::vector<PartitionState>& before);

}  // namespace millrace::operate

// millrace plan stop.
#include <algorithm>

#include "tools/operate/group_view.h"
#include "tools/operate/operator_commit.h"
#include "tools/operate/plan_acts.h"
#include "tools/operate/stopped_plan.h"

namespace millrace::operate {

using kafka::GroupDescription;

namespace {

// A pending plan is one that somebody may take up at any moment: so there must be nobody.
Status nobody_there(const Settings& settings, GroupView& view) {
  const auto group = view.groups().describe(settings.group);
  if (!group) return std::unexpected(group.error());
  if (group->state == GroupDescription::State::kNoMembers) return {};
  std::string names;
  for (const auto& member : group->members) names += " " + (member.instance_id.empty() ? member.client_id : member.instance_id);
  return permanent("group " + settings.group + " has members:" + names + "; stop all workers, and wait until their sessions have ended (10 s)");
}

}  // namespace

Result<PlanStopped> stop_plan(const Settings& settings, PlanId id) {
  auto view = GroupView::create(settings);
  if (!view) return std::unexpected(view.error());
  OperatorCommit commit(settings);
  if (auto begun = commit.begin(); !begun) return std::unexpected(begun.error());
  if (auto alone = nobody_there(settings, *view); !alone) return std::unexpected(alone.error());
  const auto partitions = view->partitions();
  if (!partitions) return std::unexpected(partitions.error());
  const auto states = view->read(*partitions);
  if (!states) return std::unexpected(states.error());
  std::vector<PartitionState> pending;
  std::vector<kafka::OffsetToCommit> offsets;
  for (const PartitionState& state : *states) {
    if (state.standing == Standing::kUnknown) return transient(to_string(state.partition) + " can't be read: " + state.reason);
    if (state.standing != Standing::kPlanPending || state.plan()->id != id) continue;
    pending.push_back(state);
    offsets.push_back({state.partition, *state.offset, pipeline::encode({*state.offset, *state.topic_id, state.mark->adoptions, true, state.plan()})});
  }
  if (pending.empty())
    return permanent("plan " + millrace::to_string(id.value) + " is pending on no partition of group " + settings.group +
                     ": it is stopped already, or was finished (see `millrace plan show`)");
  if (auto done = commit.commit(offsets); !done) return std::unexpected(done.error());
  if (auto alone = nobody_there(settings, *view); !alone)
    return unknown_outcome("a worker came while this ran, and may have taken the plan up: " + alone.error().message + "; see `millrace plan show`");
  return PlanStopped{id, std::move(pending)};
}

}  // namespace millrace::operate

#include "tools/operate/stopped_plan.h"

#include <algorithm>

#include "pipeline/commit/lane_protocol.h"
#include "tools/operate/owners.h"

namespace millrace::operate {

namespace {

std::vector<TopicPartition> names_of(const std::vector<PartitionState>& states) {
  std::vector<TopicPartition> names;
  for (const auto& state : states) names.push_back(state.partition);
  return names;
}

std::string describe(const PartitionState& state) { return to_string(state.partition) + " (" + name(state.standing) + ")"; }

}  // namespace

Status unchanged(GroupView& view, const std::vector<PartitionState>& before) {
  const auto now = view.read(names_of(before));
  if (!now) return std::unexpected(now.error());
  for (size_t i = 0; i < before.size(); ++i)
    if (!before[i].same_commit((*now)[i]))
      return permanent(to_string(before[i].partition) + " changed while this ran: it was " + name(before[i].standing) + ", and is " + name((*now)[i].standing) +
                       " now; nothing was done: look at it again");
  return {};
}

Result<StoppedPlan> StoppedPlan::find(const Settings& settings, PlanId id) {
  auto view = GroupView::create(settings);
  if (!view) return std::unexpected(view.error());
  StoppedPlan found(settings, std::move(*view));
  if (auto begun = found.commit_.begin(); !begun) return std::unexpected(begun.error());
  const auto partitions = found.view_.partitions();
  if (!partitions) return std::unexpected(partitions.error());
  const auto states = found.view_.read(*partitions);
  if (!states) return std::unexpected(states.error());
  const std::string plan = "plan " + to_string(id.value);
  pipeline::PlanPtr content;
  std::string unmarked;
  std::vector<PartitionState> unread;
  for (const PartitionState& state : *states) {
    if (state.standing == Standing::kUnknown) unread.push_back(state);
    if (!state.plan() || state.plan()->id != id) continue;
    content = state.plan();
    if (state.standing == Standing::kPlanStopped)
      found.stopped_.push_back(state);
    else if (state.standing == Standing::kPlanPending)
      found.pending_.push_back(state);
    else
      unmarked += " " + describe(state) + ": " + state.reason + ";";
  }
  for (const PartitionState& state : unread)
    if (!content || content->find(state.partition) != nullptr) return transient(to_string(state.partition) + " can't be read: " + state.reason);
  if (!content)
    return permanent("no partition of group " + settings.group + " carries " + plan +
                     ": it was finished, or abandoned before, or is of another group (see `millrace plan show`)");
  if (!unmarked.empty()) return permanent(plan + " stands in an offset that isn't ours:" + unmarked + " that partition needs `millrace offsets accept`");
  if (found.stopped_.empty()) {
    std::string names;
    for (const auto& state : found.pending_)
      names += " " + to_string(state.partition) + " (adoption " + std::to_string(state.mark->adoptions) + " of " +
               std::to_string(pipeline::LaneProtocol::kAdoptionsMax) + ")";
    return permanent(plan + " doesn't stand still, a worker completes it:" + names +
                     "; nothing is to be done here. If it waits for what won't come back (its owner's log says for what), stop the workers, and then it: "
                     "`millrace plan stop`");
  }
  for (const auto& range : content->ranges) {
    const auto carries = [&](const PartitionState& state) { return state.partition == range.partition; };
    if (std::ranges::none_of(found.stopped_, carries) && std::ranges::none_of(found.pending_, carries)) found.past_.push_back(range.partition);
  }
  return found;
}

int StoppedPlan::adoptions() const {
  int most = 0;
  for (const auto& state : stopped_) most = std::max<int>(most, state.mark->adoptions);
  return most;
}

Status StoppedPlan::fence_owners() {
  if (auto fenced = operate::fence_owners(settings_, view_.groups(), names_of(stopped_)); !fenced) return fenced;
  return unchanged();
}

Status StoppedPlan::unchanged() { return operate::unchanged(view_, stopped_); }

Status StoppedPlan::commit(const std::vector<kafka::OffsetToCommit>& offsets, const std::vector<pipeline::RejectedRecord>& dead_letters) {
  if (auto still = unchanged(); !still) return still;
  auto done = commit_.commit(offsets, dead_letters, &plan());
  if (done || done.error().retry != Retry::kUnknown) return done;
  // Settles the transaction, one way or the other; then the offsets say which.
  if (auto settled = commit_.begin(); !settled) return unknown_outcome(done.error().message + "; nobody knows whether it happened: see `millrace plan show`");
  const auto now = view_.read(names_of(stopped_));
  if (!now) return unknown_outcome(done.error().message + "; nobody knows whether it happened: see `millrace plan show`");
  const bool happened = std::ranges::all_of(offsets, [&](const kafka::OffsetToCommit& wanted) {
    return std::ranges::any_of(
        *now, [&](const PartitionState& s) { return s.partition == wanted.partition && s.offset == wanted.offset && s.metadata == wanted.metadata; });
  });
  if (happened) return {};
  return transient("nothing was changed: " + done.error().message);
}

}  // namespace millrace::operate

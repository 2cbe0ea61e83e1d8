#include "tools/operate/plan_acts.h"

#include <algorithm>
#include <map>

#include "tools/operate/group_view.h"
#include "tools/operate/shard_clients.h"
#include "tools/operate/stopped_plan.h"

namespace millrace::operate {

bool PlansShown::all_go_on() const {
  return std::ranges::none_of(partitions, [](const PartitionState& p) {
    return p.standing == Standing::kPlanStopped || p.standing == Standing::kUnmarked || p.standing == Standing::kOtherRelease ||
           p.standing == Standing::kUnknown;
  });
}

Result<PlansShown> show_plans(const Settings& settings) {
  auto view = GroupView::create(settings);
  if (!view) return std::unexpected(view.error());
  const auto partitions = view->partitions();
  if (!partitions) return std::unexpected(partitions.error());
  auto states = view->read_with_owners(*partitions);
  if (!states) return std::unexpected(states.error());
  PlansShown shown{std::move(*states), {}};
  std::map<PlanId, pipeline::PlanPtr> plans;
  for (const PartitionState& state : shown.partitions)
    if (state.plan()) plans.emplace(state.plan()->id, state.plan());
  for (const auto& [id, plan] : plans) {
    auto client = client_of_plan(settings, *plan);
    shown.plans.push_back({plan, tables_of(*plan, client ? &*client : nullptr)});
  }
  return shown;
}

Result<RetriedPlan> retry_plan(const Settings& settings, PlanId id) {
  auto held = StoppedPlan::find(settings, id);
  if (!held) return std::unexpected(held.error());
  if (auto still = held->fence_owners(); !still) return std::unexpected(still.error());
  std::vector<kafka::OffsetToCommit> offsets;
  for (const PartitionState& state : held->stopped()) offsets.push_back(marked(state.partition, *state.offset, *state.topic_id, state.plan()));
  if (auto done = held->commit(offsets); !done) return std::unexpected(done.error());
  return RetriedPlan{id, held->stopped(), held->pending()};
}

}  // namespace millrace::operate

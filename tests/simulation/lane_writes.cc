// A plan goes to all sinks of its pipeline at once, and is durable when each of them has it.
#include <algorithm>
#include <set>

#include "pipeline/sinks/warehouse/names.h"
#include "simulation/world.h"

namespace millrace::simulation {

void Lane::drop_writes() {
  for (auto& write : writes_) write->dropped = true;
  if (call_) call_->dropped = true;
  if (files_) files_->dropped = true;
  writes_.clear();
  call_ = nullptr;
  files_ = nullptr;
}

void Lane::begin_writes(bool fresh) {
  drop_writes();
  const auto made = std::make_shared<const Made>(made_);
  const Plan& plan = *working_;
  if (pipeline_.sinks.billing) {
    call_ = std::make_shared<BillingCall>(BillingCall{std::make_shared<const Bill>(world_.log.bill(made, pipeline_.name, process_.generation()))});
    call_->durable = call_->bill->order.ranges.empty();
  }
  if (pipeline_.sinks.warehouse) {
    files_ = std::make_shared<FilesWrite>(FilesWrite{made, {}, {pipeline_.name, plan.id, plan.time_ms, {}, {}}});
    for (const PlanRange& range : plan.ranges)
      files_->manifest.ranges.push_back({range.partition.topic, range.topic_id, range.partition.partition, range.offsets, range.records});
  }
  std::set<std::string> tables;
  for (const PlanRange& range : plan.ranges) tables.insert(range.partition.topic);
  for (const auto& table : tables) {
    const auto rows = std::make_shared<const Rows>(world_.log.rows(made, table));
    if (pipeline_.sinks.clickhouse)
      writes_.push_back(
          std::make_shared<TableWrite>(TableWrite{rows, pipeline::ClickHouseWrite(plan.time_ms, rows->records.size(), fresh, world_.env.guards.clickhouse)}));
    if (!files_ || rows->records.empty()) continue;
    std::string name = pipeline::file_name(table, plan.id, plan.time_ms);
    if (!world_.env.guards.warehouse.names_by_plan) name += std::to_string(world_.env.random.next());
    files_->files.emplace_back(name, rows);
    files_->manifest.files.push_back({name, table, rows->records.size(), 0, {}});
  }
  for (const WritePtr& write : std::vector(writes_)) advance(write);
  if (call_ && !call_->durable) call_billing(CallPtr(call_));
  if (files_) advance(FilesPtr(files_));
  if (writes_.empty() && !files_ && (!call_ || call_->durable)) written();
}

void Lane::written() {
  if (!working_) return;
  const bool billed = !call_ || call_->durable || !world_.env.guards.billing.billing_awaited;
  const bool filed = !files_ || files_->durable;
  const bool landed =
      std::ranges::all_of(writes_, [](const auto& w) { return std::holds_alternative<pipeline::ClickHouseWrite::Durable>(w->machine.action()); });
  if (!billed || !filed || !landed) return;
  const PlanId plan = working_->id;
  event([&] { core_->plan_durable(plan); });
}

// `cause`: what it may be refused for, if there is anything.
void Lane::refused(const char* sink, const std::string& reason, Checker::Cause cause) {
  const PlanPtr plan = working_;
  world_.env.trace([&] { return name_ + ": " + sink + " refuses plan " + to_string(plan->id.value) + ": " + reason; });
  pipeline_.checker.refused(sink, plan, reason, cause);
  event([&] { core_->plan_refused(plan->id, std::string(sink) + " refuses it: " + reason); });
}

}  // namespace millrace::simulation

// What the sinks see, and have.
#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {

std::string told(const Plan& plan) { return "plan " + to_string(plan.id.value); }

}  // namespace

LogPartition::Arrived& Checker::arrived(LogPartition& partition, int64_t at) const {
  return partition.records[static_cast<size_t>(at)].at[static_cast<size_t>(pipeline_.number)];
}
const LogPartition::Arrived& Checker::arrived(const LogPartition& partition, int64_t at) const {
  return partition.records[static_cast<size_t>(at)].at[static_cast<size_t>(pipeline_.number)];
}

// I1, I4 and I5.
void Checker::sees(const char* sink, const Made& made) {
  const std::string which = std::string(sink) + " sees " + told(*made.plan);
  const auto at = announced_.find(made.plan->id);
  if (at == announced_.end()) throw Violation("I1: " + which + ", which isn't committed");
  if (!(*at->second == *made.plan)) throw Violation("I1: " + which + " with other ranges than the committed ones");
  if (made.catalog != made.plan->catalog) throw Violation("I4: " + which + " made by another catalog version");
  if (made.semantics != made.plan->row_semantics) throw Violation("I4: " + which + " made by other row semantics");
  if (made.read != made.plan->ranges) throw Violation("I4: " + which + " made of other records than the planned ones");
}

void Checker::count_rows(const char* where, const Plan& plan, const Positions& records, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    const auto& [partition, at] = records[i];
    if (++arrived(*partition, at).rows > 1)
      throw Violation("doubled: " + to_string(partition->name) + " at " + std::to_string(at) + " in " + where + ", " + told(plan));
  }
}

// I7: what a sink takes is pending, or was counted when it was finished: doubled, then.
void Checker::not_ahead(const char* sink, const Plan& plan) const {
  for (const PlanRange& range : plan.ranges) {
    const auto now = decided_.find(range.partition);
    if (now == decided_.end() || now->second.topic != range.topic_id || tampered_.contains(range.partition)) continue;
    if (now->second.offset < range.offsets.end && (!now->second.plan || now->second.plan->id != plan.id))
      throw Violation(std::string("I7: ") + sink + " is ahead of the committed offset of " + to_string(range.partition) + " by " + told(plan) +
                      ", which isn't pending");
  }
}

void Checker::landed(const Rows& rows, size_t begin, size_t end) {
  count_rows("ClickHouse", *rows.made->plan, rows.records, begin, end);
  for (size_t i = begin; i < end; ++i) with_rows_.insert(rows.records[i].first->name);
  not_ahead("ClickHouse", *rows.made->plan);
}

void Checker::billed(const Bill& bill) {
  const Plan& plan = *bill.made->plan;
  for (const auto& [partition, at] : bill.records) {
    auto& there = arrived(*partition, at);
    const std::string which = to_string(partition->name) + " at " + std::to_string(at) + " is billed, " + told(plan);
    if (++there.billed > 1) throw Violation("doubled: " + which);
    if (there.skipped) throw Violation("billing: " + which + ", although it was skipped");
  }
  for (const auto& range : bill.order.ranges) billed_.insert({range.topic_id, range.partition});
  not_ahead("billing", plan);
}

void Checker::skipped(TopicId topic, PartitionId partition, const OffsetRange& range) {
  LogPartition& p = *world_.log.find(topic, partition);
  for (int64_t at = range.begin.value; at < range.end.value; ++at)
    if (arrived(p, at).billed == 0) arrived(p, at).skipped = true;
}

void Checker::lost_by_billing(const Bill& bill) {
  for (const auto& [partition, at] : bill.records) --arrived(*partition, at).billed;
}

void Checker::manifested(const DiskFile& file) {
  ++world_.saw.manifests;
  const Plan& plan = *file.made->plan;
  size_t rows = 0;
  for (const auto& entry : file.manifest->files) {
    const DiskFile* there = world_.disk.find(entry.path);
    if (there == nullptr || !there->rows) throw Violation("warehouse: the manifest of " + told(plan) + " names " + entry.path + ", which isn't there");
    if (!there->synced && world_.env.guards.warehouse.names_synced)
      throw Violation("warehouse: the manifest of " + told(plan) + " names " + entry.path + ", which may be gone with its machine's power");
    if (there->rows->records.size() != entry.rows) throw Violation("warehouse: " + entry.path + " has other rows than the manifest of " + told(plan) + " says");
    count_rows("the warehouse", plan, there->rows->records, 0, there->rows->records.size());
    rows += there->rows->records.size();
  }
  for (const PlanRange& range : plan.ranges) manifested_.insert({range.topic_id, range.partition.partition});
  not_ahead("the warehouse", plan);
}

void Checker::manifest_gone(const DiskFile& file) {
  for (const auto& entry : file.manifest->files)
    if (const DiskFile* there = world_.disk.find(entry.path))
      for (const auto& [partition, at] : there->rows->records) --arrived(*partition, at).rows;
}

// A sink that refuses a plan is right, or the plan isn't at issue any more (its owner is a zombie), or a rule was broken.
void Checker::refused(const std::string& sink, const PlanPtr& plan, const std::string& reason, Cause cause) {
  if (cause != Cause::kNone)
    refused_[plan->id] = cause;
  else if (is_pending(plan->id) && !refused_.contains(plan->id))
    throw Violation(sink + " refuses " + told(*plan) + " without a cause: " + reason);
}

Checker::Cause Checker::refused(PlanId plan) const {
  const auto at = refused_.find(plan);
  return at == refused_.end() ? Cause::kNone : at->second;
}

bool Checker::has_traces(const TopicPartition& partition, TopicId topic) const {
  const std::pair key{topic, partition.partition};
  return with_rows_.contains(partition) || billed_.contains(key) || manifested_.contains(key);
}

bool Checker::is_pending(PlanId plan) const {
  return std::ranges::any_of(decided_, [&](const auto& d) { return d.second.plan && d.second.plan->id == plan; });
}

}  // namespace millrace::simulation

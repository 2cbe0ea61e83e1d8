// The lane reads on, and closes epochs: of some of its partitions, as far as it likes.
#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

void Lane::tick() {
  later(world_.env.quiet ? world_.env.random.between(20, 100) : world_.env.random.between(20, 400), [this] {
    if (!closed_) {
      read_on();
      close_epoch();
    }
    tick();
  });
}

void Lane::read_on() {
  std::vector<std::pair<TopicPartition, std::string>> failed;
  for (auto& [name, reading] : reading_) {
    const LogPartition& p = *world_.log.find(reading.topic, name.partition);
    if (p.deleted)
      failed.emplace_back(name, "the topic was deleted");
    else if (p.first > reading.end)
      failed.emplace_back(name, "the offset is gone from the log");
    else
      reading.end = std::max(reading.end, std::min(p.end(world_.env.now()), reading.end + world_.env.random.between(1, 12)));
  }
  for (const auto& [name, reason] : failed) event([&] { core_->reading_failed(name, reason); });
}

void Lane::close_epoch() {
  if (!process_.running() || !core_->wants_epoch()) return;
  const int64_t difference = process_.clock_error() - world_.clickhouse.clock_error();
  if (pipeline_.sinks.clickhouse && std::abs(difference) > 1'000 && world_.env.guards.world.clocks_checked) return;
  if (!world_.env.guards.world.own_sinks_only && world_.faults.outage()) return;  // the broken rule
  Plan plan;
  plan.time_ms = process_.clock();
  plan.id = PlanId(make_uuid_v7(plan.time_ms, world_.env.random.next(), world_.env.random.next()));
  if (!world_.env.guards.world.fresh_plan_ids)
    plan.id = PlanId(make_uuid_v7(0, ++plans_, static_cast<uint64_t>(process_.slot())));  // as counted by this process
  plan.catalog = process_.catalog();
  plan.row_semantics = process_.semantics();
  for (auto& [name, reading] : reading_) {
    if (reading.begin >= reading.end || world_.env.chance(0.3)) continue;
    if (core_->next_begin(name) != Offset(reading.begin))
      throw Violation("contract: " + name_ + " holds " + name.topic + "/" + std::to_string(name.partition.value) + " from " + std::to_string(reading.begin) +
                      ", and the next epoch begins at " + std::to_string(core_->next_begin(name).value_or(Offset(-1)).value));
    const int64_t end = world_.env.chance(0.5) ? world_.env.random.between(reading.begin + 1, reading.end) : reading.end;
    const LogPartition& p = *world_.log.find(reading.topic, name.partition);
    for (int64_t at = reading.begin; at < end; ++at)
      if (p.records[static_cast<size_t>(at)].kind == LogPartition::Kind::kUncertain && world_.env.random.chance(0.5))
        plan.given_up.push_back({static_cast<uint16_t>(plan.ranges.size()), Offset(at), {}});
    plan.ranges.push_back(p.range(reading.begin, end));
  }
  if (plan.ranges.empty()) return;
  if (world_.env.guards.world.alert_topic_first && raises_alerts(plan) && !process_.knows_alert_topic()) return;
  for (const PlanRange& range : plan.ranges) reading_.at(range.partition).begin = range.offsets.end.value;
  closed_plan_ = std::make_shared<const Plan>(std::move(plan));
  event([&] { core_->epoch_closed(closed_plan_); });
}

}  // namespace millrace::simulation

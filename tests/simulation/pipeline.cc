#include "simulation/pipeline.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

Pipeline::Pipeline(World& all, int n)
    : world(all),
      number(n),
      name("p" + std::to_string(n)),
      sinks(all.env.schedule.pipelines.at(static_cast<size_t>(n))),
      checker(all, *this),
      group(all),
      fleet(all, *this),
      operators(all, *this) {}

bool Pipeline::finished() const {
  if (operators.at_work()) return false;
  return std::ranges::all_of(world.log.current(), [&](const LogPartition* p) {
    const Lane* holder = group.holder(p->name);
    return checker.finished(*p, holder != nullptr && holder->stopped(p->name));
  });
}

std::optional<std::string> Pipeline::traces_of(const TopicPartition& partition, TopicId topic) const {
  const auto& rules = world.env.guards;
  if (sinks.clickhouse) {
    const auto rows = world.clickhouse.has_rows(*this, partition);
    if (!rows) return std::nullopt;
    if (*rows) return "ClickHouse has rows of it";
  }
  if (sinks.warehouse && rules.warehouse.warehouse_traces && world.disk.manifested(rules.world.own_traces_only ? name : "", topic, partition.partition))
    return "the warehouse has rows of it";
  if (sinks.billing && rules.billing.billing_traces) {
    const auto expected = world.ledger.expected(name, topic, partition.partition);
    if (!expected) return std::nullopt;
    if (*expected) return "it is billed up to " + std::to_string((*expected)->value);
  }
  return "";
}

std::string Pipeline::state() const {
  std::string text;
  for (const LogPartition* p : world.log.current()) text += "\n    " + name + " " + checker.state_of(*p);
  return text + fleet.state();
}

}  // namespace millrace::simulation

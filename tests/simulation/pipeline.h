#pragma once
// A pipeline: one consumer group over all topics, its fleet, its sinks, its judge. Several stand side by side in a world and share the
// broker, the servers and the topics; whatever befalls one must not reach the others.

#include <string>

#include "simulation/checker.h"
#include "simulation/fleet.h"
#include "simulation/group.h"
#include "simulation/operator.h"

namespace millrace::simulation {

struct Pipeline {
  Pipeline(World& world, int number);

  // Has every partition come to its end: everything delivered, or stopped as it must?
  bool finished() const;
  // What a sink has of a partition, where no offset is committed (I7): as the lane asks for it. nullopt: a sink can't be asked.
  std::optional<std::string> traces_of(const TopicPartition& partition, TopicId topic) const;
  std::string state() const;

  World& world;
  const int number;
  const std::string name;  // of the group; also in the ledger and in manifests
  const Sinks sinks;
  Checker checker;
  Group group;
  Fleet fleet;
  Operator operators;
};

}  // namespace millrace::simulation

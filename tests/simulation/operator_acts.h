#pragma once
// `millrace plan abandon` and `millrace offsets accept`, step by step as tools/operate does them: look, fence the owners, wait for inserts under way,
// ask the sinks, look again, commit. An act that finds anything changed does nothing, and is begun anew another time.

#include <map>
#include <vector>

#include "simulation/broker.h"

namespace millrace::simulation {

class OperatorActs {
 public:
  OperatorActs(World& world, Pipeline& pipeline) : world_(world), pipeline_(pipeline) {}

  bool at_work() const { return at_work_; }
  // One at a time. Nothing happens where it isn't allowed.
  void abandon(const PlanPtr& plan);
  void accept(const LogPartition& partition);
  // What the ledger lacks before the committed offset is declared as skipped: it was restored from a backup. False: not now.
  bool skip_what_is_missing(const LogPartition& partition);

 private:
  struct Found {  // a partition, as it was committed when the act began
    TopicPartition partition;
    Broker::Committed committed;
  };
  bool unchanged(const std::vector<Found>& found) const;
  void fence_owners(const std::vector<Found>& found);
  void finish_abandoning(const PlanPtr& plan, const std::vector<Found>& stopped);
  void finish_accepting(const Found& found);
  // False: billing is down, or refuses. `begin`: where the skip begins if billing has nothing of the partition.
  bool skip_in_billing(const TopicPartition& partition, TopicId topic, Offset begin, Offset end);

  World& world_;
  Pipeline& pipeline_;
  bool at_work_ = false;
};

}  // namespace millrace::simulation

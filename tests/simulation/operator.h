#pragma once
// The operator of one pipeline: stops its fleet and overwrites its offsets in the midst of it all, and mends what stands still when peace has come.

#include <map>
#include <optional>

#include "simulation/broker.h"
#include "simulation/operator_acts.h"

namespace millrace::simulation {

class Operator {
 public:
  Operator(World& world, Pipeline& pipeline) : world_(world), pipeline_(pipeline), acts_(world, pipeline) {}

  void begin();
  bool at_work() const;                                                       // there is more to do
  void keep_the_peace();                                                      // from time to time, when there are no more faults
  void forget(const TopicPartition& partition) { before_.erase(partition); }  // its topic, and its offset with it, was deleted

 private:
  void group_reset();
  void tamper();
  void tamper_with(const LogPartition& partition);
  void mend();
  void act_on(const LogPartition& partition);
  void retry(const TopicPartition& partition);

  World& world_;
  Pipeline& pipeline_;
  OperatorActs acts_;
  bool lacking_ = false;                                               // billing lacks something, and it couldn't be declared yet
  int looks_ = 0;                                                      // at everything, since there is peace
  bool tampering_ = false;                                             // the fleet was stopped for it
  std::map<TopicPartition, std::optional<Broker::Committed>> before_;  // what was overwritten, if it will be mended
};

}  // namespace millrace::simulation

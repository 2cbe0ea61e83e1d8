#pragma once
// What goes wrong in a run, by its schedule, and what the operator does about it when peace has come.

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "simulation/broker.h"

namespace millrace::simulation {

class Process;

class Faults {
 public:
  explicit Faults(World& world) : world_(world) {}

  void begin();
  void end();  // peace: whoever is frozen wakes, whoever died comes back, the newest binary and catalog are everywhere
  bool at_work() const { return tampering_ || !before_.empty(); }  // the operator has more to do
  void over() { group_stopped_ = true; }                           // nobody is started any more
  void died(int slot);                                             // somebody starts it again, some time
  void keep_the_peace();                                           // from time to time then: the operator's acts

 private:
  void again_and_again(int64_t mean_ms, void (Faults::*fault)());
  void once(bool wanted, void (Faults::*fault)());
  Process* victim();
  void come_back(int slot);
  void crash();
  void freeze();
  void rebalance();
  void restart();
  void new_catalog();
  void server_crash();
  void power_loss();
  void clock_step();
  void upgrade();
  void growth();
  void remade_topic();
  void records_gone();
  void records_differ();
  void group_reset();
  void tamper();

  World& world_;
  bool group_stopped_ = false;                                         // nobody is started
  bool tampering_ = false;                                             // the fleet was stopped for it
  std::map<TopicPartition, std::optional<Broker::Committed>> before_;  // what the operator overwrote, if it will be mended
};

}  // namespace millrace::simulation

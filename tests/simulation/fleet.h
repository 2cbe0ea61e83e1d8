#pragma once
// The processes of one pipeline: started, killed, frozen, replaced, restarted, and what the group makes of it.

#include <memory>
#include <string>
#include <vector>

#include "simulation/process.h"

namespace millrace::simulation {

struct World;
struct Pipeline;

class Fleet {
 public:
  Fleet(World& world, Pipeline& pipeline) : world_(world), pipeline_(pipeline) {}

  void begin();         // all are started, and faults begin
  void peace();         // whoever is frozen wakes, whoever died comes back, as the newest binary, with the newest catalog and the right settings
  void over();          // for good: nobody is started any more
  void died(int slot);  // somebody starts it again, some time
  // The operator's: nobody is started until they all are.
  void stop();
  void start_all();
  void die_with_their_machine();
  void hear_of(CatalogHash version);  // one after the other
  void upgrade();                     // one of them
  void rebalance();

  Process* current(int slot);                                                            // nullptr: none has been started, or it has died
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }  // in order of their start, the dead ones too
  std::string state() const;

 private:
  Process& start(int slot);
  Process* victim();
  std::vector<Process*> with_its_like(Process* victim) const;
  void come_back(int slot);
  void crash();
  void freeze();
  void restart();

  World& world_;
  Pipeline& pipeline_;
  std::vector<std::unique_ptr<Process>> processes_;  // letters to the dead are under way
  bool stopped_ = false;
};

}  // namespace millrace::simulation

#pragma once
// A worker process: a few lanes that die and freeze together. Frozen, it hears nothing and does nothing; awake again, it goes on with
// what it was about to do, and only then hears what came meanwhile.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulation/lane.h"

namespace millrace::simulation {

struct Pipeline;

class Process {
 public:
  // `slot`: its name in the fleet; one process a slot is not a zombie.
  Process(World& world, Pipeline& pipeline, int slot);

  void start();
  void crash(const std::string& why);
  void freeze(int64_t ms);
  void wake();
  void stop_cleanly();     // revokes everything, and ends when the lanes have let go
  void lane_is_through();  // a lane has let go
  void end();              // for good: the run is over

  bool running() const { return state_ == State::kRunning; }
  bool frozen() const { return state_ == State::kFrozen; }
  bool dead() const { return state_ == State::kDead; }
  bool stopping() const { return stopping_; }
  int slot() const { return slot_; }

  // Hears it now, later, or never.
  void deliver(const std::function<void()>& event);

  void learn(CatalogHash version);
  bool knows(CatalogHash version) const { return catalogs_.contains(version); }
  CatalogHash catalog() const { return newest_; }
  const std::set<CatalogHash>& catalogs() const { return catalogs_; }
  uint16_t semantics() const { return semantics_; }    // its own; it speaks the one before, too
  uint32_t generation() const { return generation_; }  // of the ledger, as its settings say
  bool knows_alert_topic();                            // once known, it is for good
  int64_t clock() const;                               // ms since 1970, as it believes
  int64_t clock_error() const;                         // its clock minus the true time, ms
  const std::vector<std::unique_ptr<Lane>>& lanes() const { return lanes_; }

 private:
  enum class State { kRunning, kFrozen, kDead };
  void expect_session_timeout();
  World& world_;
  Pipeline& pipeline_;
  const int slot_;
  State state_ = State::kRunning;
  bool stopping_ = false;
  int changes_ = 0;  // of state
  std::vector<std::function<void()>> unheard_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::set<CatalogHash> catalogs_;
  CatalogHash newest_;
  uint16_t semantics_;
  uint32_t generation_ = 1;
  bool alert_topic_known_ = false;
  int64_t clock_error_;
};

}  // namespace millrace::simulation

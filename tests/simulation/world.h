#pragma once
// One run: everything that there is in it, and how it goes. Faults for a while, then peace, in which everything must come to its end.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/broker.h"
#include "simulation/checker.h"
#include "simulation/clickhouse.h"
#include "simulation/environment.h"
#include "simulation/faults.h"
#include "simulation/group.h"
#include "simulation/process.h"
#include "simulation/source_log.h"

namespace millrace::simulation {

struct World {
  World(uint64_t seed, const Guards& guards, const Trace& trace);

  void run();  // throws Violation
  Process& start_process(int slot);
  Process* current(int slot);  // nullptr: none has been started, or it has died

  Environment env;
  std::set<CatalogHash> catalogs;  // versions there are
  uint16_t semantics = 1;          // of the binary that processes are started with
  SourceLog log;
  Checker checker;
  Broker broker;
  Group group;
  ClickHouse clickhouse;
  Faults faults;
  std::vector<std::unique_ptr<Process>> processes;  // in order of their start, the dead ones too: letters to them are under way

 private:
  void run_until(int64_t ms);
  bool finished();
  void wait_for_the_end();
  std::string state();
};

struct Outcome {
  std::optional<std::string> violation;
  Sightings saw{};
};
Outcome run(uint64_t seed, const Guards& guards, const Trace& trace = {});

// Runs seeds from `first` on, at most `runs`, until one breaks a rule.
struct Search {
  uint64_t runs = 0;             // that were made, the one that broke a rule with them
  std::optional<uint64_t> seed;  // that broke a rule; nothing: none did
  std::string violation;
  Sightings saw{};  // in all runs before it
};
Search search(uint64_t first, uint64_t runs, const Guards& guards, const Trace& trace = {});

}  // namespace millrace::simulation

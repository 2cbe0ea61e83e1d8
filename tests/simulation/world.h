#pragma once
// One run: everything that there is in it, and how it goes. Faults for a while, then peace, in which everything must come to its end: first in
// the pipelines that don't use what may still be down, then everywhere.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/broker.h"
#include "simulation/clickhouse.h"
#include "simulation/disk.h"
#include "simulation/environment.h"
#include "simulation/faults.h"
#include "simulation/ledger.h"
#include "simulation/pipeline.h"
#include "simulation/source_log.h"

namespace millrace::simulation {

struct World {
  World(uint64_t seed, const Guards& guards, const Trace& trace);

  void run();  // throws Violation

  Environment env;
  Sightings saw{};
  std::set<CatalogHash> catalogs;  // versions there are
  uint16_t semantics = 1;          // of the binary that processes are started with
  SourceLog log;
  Broker broker;
  ClickHouse clickhouse;
  Ledger ledger;
  Disk disk;
  Faults faults;
  std::vector<std::unique_ptr<Pipeline>> pipelines;

 private:
  void run_until(int64_t ms);
  void wait_for(bool (*which)(const Pipeline&));
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

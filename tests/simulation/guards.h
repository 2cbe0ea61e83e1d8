#pragma once
// Every rule that the proof of exactly once rests on, by name. A canary is a run with one of them taken away, which must be noticed.

#include <string_view>
#include <vector>

#include "pipeline/commit/clickhouse_write.h"
#include "pipeline/commit/lane_protocol.h"

namespace millrace::simulation {

// Rules that others than the protocol's core keep: the broker, ClickHouse, the lane around the core, the operator.
struct WorldGuards {
  bool deadline = true;              // the server refuses an insert after its term
  bool window_outlives_term = true;  // tokens are remembered for longer than a term
  bool group_fence = true;           // the broker refuses a commit of another generation or member
  bool stable_reads = true;          // a stable read says so when a commit is pending
  bool init_settles = true;          // a producer, initialised, has settled and fenced the former one of its id
  bool reboot_outlasts_term = true;  // a server that lost tokens, and not their rows, is back only after their term
  bool clocks_checked = true;        // a lane whose clock differs from the server's by more than a second plans nothing
  bool no_hidden_retry = true;       // nobody between lane and server repeats an insert and answers for both
};

struct Guards {
  pipeline::LaneGuards lane;
  pipeline::ClickHouseGuards clickhouse;
  WorldGuards world;
};

struct Canary {
  const char* name;
  const char* invariant;  // what it proves, as in ARCHITECTURE.md
  const char* rule;       // that is taken away
  void (*remove)(Guards&);
};

const std::vector<Canary>& canaries();
const Canary* find_canary(std::string_view name);  // nullptr: there is none of that name

}  // namespace millrace::simulation

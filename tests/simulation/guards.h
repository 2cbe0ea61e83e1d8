#pragma once
// Every rule that the proof of exactly once rests on, by name. A canary is a run with one of them taken away, which must be noticed.

#include <string_view>
#include <vector>

#include "pipeline/commit/clickhouse_write.h"
#include "pipeline/commit/lane_protocol.h"

namespace millrace::simulation {

// Rules that others than the protocol's core keep: the broker, ClickHouse, the lane around the core, the operator.
struct WorldGuards {
  bool deadline = true;                // the server refuses an insert after its term
  bool window_outlives_term = true;    // tokens are remembered for longer than a term
  bool group_fence = true;             // the broker refuses a commit of another generation or member
  bool stable_reads = true;            // a stable read says so when a commit is pending
  bool init_settles = true;            // a producer, initialised, has settled and fenced the former one of its id
  bool reboot_outlasts_term = true;    // a server that lost tokens, and not their rows, is back only after their term
  bool clocks_checked = true;          // a lane whose clock differs from the server's by more than a second plans nothing
  bool no_hidden_retry = true;         // nobody between lane and server repeats an insert and answers for both
  bool one_part = true;                // an insert's rows are there all at once, or never
  bool fresh_counts = true;            // a count is answered by the table, not by a cache of answers
  bool letters_in_transaction = true;  // dead letters ride in the transaction that moves the offset past their records
  bool letters_of_landing = true;      // and only those of the partitions that it moves
  bool alerts_in_transaction = true;   // likewise alerts
  bool alerts_of_landing = true;
  bool member_at_commit = true;    // a lane that is no member commits nothing: the broker wouldn't fence it
  bool fresh_reads = true;         // committed offsets are read after an assignment, not remembered
  bool fresh_plan_ids = true;      // a plan's id is never used again
  bool same_records = true;        // whoever completes a plan holds what it reads against the planned records
  bool decided_once = true;        // and makes dead letters of what the plan gave up, of nothing else that was uncertain
  bool younger_from_start = true;  // a partition younger than the pipeline begins at 0
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
  uint64_t near;          // a seed from which it is soon found; simulation_test begins there
  void (*remove)(Guards&);
};

const std::vector<Canary>& canaries();
const Canary* find_canary(std::string_view name);  // nullptr: there is none of that name

}  // namespace millrace::simulation

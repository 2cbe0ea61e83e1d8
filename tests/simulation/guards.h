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
  bool alert_topic_first = true;   // what raises alerts isn't planned, nor adopted, before they can be sent
  // Pipelines side by side.
  bool own_transactional_ids = true;  // no two pipelines have a transactional id in common
  bool own_offsets = true;            // nor a consumer group
  bool own_sinks_only = true;         // a pipeline waits for its own sinks, not for those of others
  bool own_traces_only = true;        // and asks them for traces of its own
};

// Rules of billing: the ledger's, and those of whoever sends to it.
struct BillingGuards {
  bool billing_awaited = true;     // a plan is durable only when billing has it, too
  bool every_range_billed = true;  // every range is sent, billable or not
  bool billing_traces = true;      // no offset, where billing has taken something, stops the partition (I7)
  bool ledger_gap = true;          // a range that begins above the expected offset is refused
  bool ledger_overlap = true;      // so is one that begins below it
  bool ledger_known = true;        // a plan of a known id is acknowledged again
  bool ledger_generation = true;   // one for another generation is refused
  bool ledger_atomic = true;       // id, marks and totals are written in one transaction
  bool keeps_ids = true;           // ids are kept for as long as anybody may send their plan
  bool marks_by_pipeline = true;   // each pipeline has marks of its own
  bool skips_declared = true;      // what an operator gives up is declared to billing
};

// Rules of the warehouse.
struct WarehouseGuards {
  bool manifest_last = true;     // the manifest is written when all files are there
  bool manifest_awaited = true;  // and a plan is durable only with its manifest
  bool names_by_plan = true;     // a plan's files have the same names, whoever writes them
  bool names_synced = true;      // a name that is there is there for good before anything rests on it
  bool content_compared = true;  // what is there under the plan's name must be the plan's
  bool warehouse_traces = true;  // no offset, where a manifest tells of the partition, stops it (I7)
};

struct Guards {
  pipeline::LaneGuards lane;
  pipeline::ClickHouseGuards clickhouse;
  WorldGuards world;
  BillingGuards billing;
  WarehouseGuards warehouse;
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

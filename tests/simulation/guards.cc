#include "simulation/guards.h"

#include <algorithm>

namespace millrace::simulation {

// One line a rule. A field of the structs that has none here fails simulation_test.
#define LANE(field, invariant, near, rule) {#field, invariant, rule, near, [](Guards& g) { g.lane.field = false; }}
#define CLICKHOUSE(field, invariant, near, rule) {#field, invariant, rule, near, [](Guards& g) { g.clickhouse.field = false; }}
#define WORLD(field, invariant, near, rule) {#field, invariant, rule, near, [](Guards& g) { g.world.field = false; }}
#define BILLING(field, invariant, near, rule) {#field, invariant, rule, near, [](Guards& g) { g.billing.field = false; }}
#define WAREHOUSE(field, invariant, near, rule) {#field, invariant, rule, near, [](Guards& g) { g.warehouse.field = false; }}

const std::vector<Canary>& canaries() {
  static const std::vector<Canary> all = {
      LANE(plan_before_write, "I1", 0, "no sink sees a range before its plan is committed"),
      LANE(durable_before_commit, "I2", 0, "offsets move only after every sink is durable"),
      LANE(own_partitions_only, "I2", 0, "a lane commits only partitions that it holds"),
      LANE(still_this_plan, "I2", 0, "of an adopted plan, only partitions whose committed metadata is still that plan"),
      LANE(no_answer_is_no_yes, "I1", 0, "a commit of unknown outcome isn't taken for done"),
      LANE(no_answer_is_no_no, "I2", 0, "nor is it simply sent again"),
      LANE(stable_offsets, "I3", 0, "an offset with a pending commit isn't used"),
      LANE(forget_what_moved, "I2", 0, "a plan doesn't outlive the loss of one of its partitions"),
      LANE(finish_found_plans, "I3", 0, "a plan found in the metadata is completed first"),
      LANE(count_adoptions, "I3", 0, "an adoption is counted before it could kill its worker"),
      LANE(drain_before_release, "I6", 0, "a revoked partition goes when its epoch is committed or forgotten"),
      LANE(check_mark, "I7", 0, "an offset without our mark stops the partition"),
      LANE(check_topic_id, "I7", 0, "an offset of a topic that was made anew stops the partition"),
      LANE(commit_beginning, "I7", 0, "a beginning is committed before it is read from"),
      LANE(ask_sinks_at_beginning, "I7", 0, "no offset, where a sink has rows, stops the partition"),
      LANE(know_catalog, "I4", 0, "a plan of an unknown catalog version waits"),
      LANE(know_row_semantics, "I4", 670, "a plan of unknown row semantics waits"),
      CLICKHOUSE(count_first, "ClickHouse", 0, "a retry and an adopter count before they insert"),
      CLICKHOUSE(count_after_clock, "ClickHouse", 110, "the count comes after the clock and after who inserts"),
      CLICKHOUSE(term_token, "ClickHouse", 0, "whoever inserts in a term uses that term's token"),
      CLICKHOUSE(believe_only_first, "ClickHouse", 0, "only a first attempt's acknowledgement is believed"),
      CLICKHOUSE(patience, "ClickHouse", 1230, "acknowledged and yet not there: nothing more in this term"),
      CLICKHOUSE(guard_after_term, "ClickHouse", 210, "a later term's insert waits two seconds after the former term"),
      CLICKHOUSE(ask_under_way, "ClickHouse", 0, "and until no insert of the plan is listed"),
      WORLD(deadline, "ClickHouse", 0, "the server refuses an insert after its term"),
      WORLD(window_outlives_term, "ClickHouse", 0, "tokens are remembered for longer than a term"),
      WORLD(group_fence, "I2", 0, "the broker refuses a commit of another generation or member"),
      WORLD(stable_reads, "I3", 0, "a stable read says so when a commit is pending"),
      WORLD(init_settles, "I3", 190, "initialising a producer settles and fences the former one"),
      WORLD(reboot_outlasts_term, "ClickHouse", 2210, "a server that lost tokens is back only after their term"),
      WORLD(clocks_checked, "ClickHouse", 450, "a lane whose clock is wrong plans nothing"),
      WORLD(no_hidden_retry, "ClickHouse", 0, "no proxy repeats an insert"),
      WORLD(one_part, "ClickHouse", 0, "an insert's rows are there all at once, or never"),
      WORLD(fresh_counts, "ClickHouse", 0, "a count isn't answered from the query cache"),
      WORLD(letters_in_transaction, "I2", 0, "dead letters ride in the transaction that moves the offset"),
      WORLD(letters_of_landing, "I2", 0, "and only those of the partitions that it moves"),
      WORLD(alerts_in_transaction, "I2", 0, "alerts ride in the transaction that moves the offset"),
      WORLD(alerts_of_landing, "I2", 0, "and only those of the partitions that it moves"),
      WORLD(member_at_commit, "I2", 0, "a lane that is no member commits nothing"),
      WORLD(fresh_reads, "I3", 0, "committed offsets are read after an assignment, not remembered"),
      WORLD(fresh_plan_ids, "I1", 0, "a plan's id is never used again"),
      WORLD(same_records, "I4", 390, "a plan is completed with the planned records, or not at all"),
      WORLD(decided_once, "I5", 0, "whoever completes a plan gives up what it gave up, and nothing else"),
      WORLD(younger_from_start, "I7", 0, "a partition younger than the pipeline begins at 0"),
      WORLD(alert_topic_first, "I2", 0, "what raises alerts isn't planned before they can be sent"),
      WORLD(own_transactional_ids, "pipelines", 0, "no two pipelines have a transactional id in common"),
      WORLD(own_offsets, "pipelines", 0, "nor a consumer group"),
      WORLD(own_sinks_only, "pipelines", 0, "a pipeline waits for its own sinks only"),
      WORLD(own_traces_only, "pipelines", 0, "and asks them for traces of its own only"),
      BILLING(billing_awaited, "I2", 0, "a plan is durable only when billing has it, too"),
      BILLING(every_range_billed, "billing", 0, "every range is sent, billable or not"),
      BILLING(billing_traces, "I7", 0, "no offset, where billing has taken something, stops the partition"),
      BILLING(ledger_gap, "billing", 650, "a range above the expected offset is refused"),
      BILLING(ledger_overlap, "billing", 0, "a range below the expected offset is refused"),
      BILLING(ledger_known, "billing", 0, "a plan of a known id is acknowledged again"),
      BILLING(ledger_generation, "billing", 0, "a plan for another generation is refused"),
      BILLING(ledger_atomic, "billing", 130, "a plan's id, marks and totals are one transaction"),
      BILLING(keeps_ids, "billing", 0, "ids are kept for as long as their plans may come"),
      BILLING(marks_by_pipeline, "pipelines", 0, "each pipeline has marks of its own"),
      BILLING(skips_declared, "billing", 490, "what an operator gives up is declared to billing"),
      WAREHOUSE(manifest_last, "warehouse", 0, "the manifest comes when all files are there"),
      WAREHOUSE(manifest_awaited, "I2", 0, "a plan is durable only with its manifest"),
      WAREHOUSE(names_by_plan, "warehouse", 0, "files are named by their plan"),
      WAREHOUSE(names_synced, "warehouse", 0, "a name is synced before anything rests on it"),
      WAREHOUSE(content_compared, "warehouse", 0, "what is there under the plan's name must be the plan's"),
      WAREHOUSE(warehouse_traces, "I7", 0, "no offset, where a manifest tells of it, stops the partition"),
  };
  return all;
}

const Canary* find_canary(std::string_view name) {
  const auto at = std::ranges::find_if(canaries(), [&](const Canary& c) { return name == c.name; });
  return at == canaries().end() ? nullptr : &*at;
}

}  // namespace millrace::simulation

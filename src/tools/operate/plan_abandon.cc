// millrace plan abandon.
#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "tools/operate/billing_marks.h"
#include "tools/operate/plan_acts.h"
#include "tools/operate/plan_records.h"
#include "tools/operate/shard_clients.h"
#include "tools/operate/stopped_plan.h"

namespace millrace::operate {

using pipeline::PlanRange;
using pipeline::RejectedRecord;
using Clock = std::chrono::steady_clock;

namespace {

// Before it is asked which rows are there: those that are still on their way have landed, or will be refused for their deadline.
Status wait_for_inserts(const Settings& settings, const pipeline::Plan& plan, clickhouse::Client& client) {
  log::info("waiting {} s: until then an insert of the plan that is under way has landed, or is refused", settings.inserts_land_within.count() / 1000);
  std::this_thread::sleep_for(settings.inserts_land_within);
  const auto until = Clock::now() + settings.patience;
  while (true) {
    const auto inserts = client.inserts_under_way(plan.id);
    if (!inserts) return std::unexpected(inserts.error());
    if (*inserts == 0) return {};
    if (Clock::now() > until)
      return transient("ClickHouse still has " + std::to_string(*inserts) + " inserts of the plan under way: wait for them, or KILL QUERY, and try again");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

std::vector<PlanRange> ranges_of(const StoppedPlan& held) {
  std::vector<PlanRange> ranges;
  for (const PartitionState& state : held.stopped()) ranges.push_back(*state.plan()->find(state.partition));
  return ranges;
}

std::string count_gone(const std::vector<RangeRecords>& read) {
  std::string gone;
  for (const RangeRecords& range : read)
    if (range.gone() > 0)
      gone += " " + to_string(range.range.partition) + ": " + std::to_string(range.gone()) + " of " + std::to_string(range.range.records) + ";";
  return gone;
}

// Moves what has no row to `letters`.
AbandonedRange sort_out(RangeRecords& read, const RowPositions& rows, std::vector<RejectedRecord>& letters) {
  AbandonedRange range{read.range.partition, read.range.offsets, read.range.records, 0, 0, 0, read.gone(), read.as_planned};
  static const std::map<Offset, uint64_t> kNone;
  const auto at = rows.find(read.range.partition.partition);
  const auto& there = at == rows.end() ? kNone : at->second;
  for (const auto& [offset, times] : there) {
    if (offset < read.range.offsets.begin || offset >= read.range.offsets.end) continue;
    ++range.in_clickhouse;
    range.doubled += times > 1 ? 1 : 0;
    // Its row is there, so it isn't lost although the log no longer has it.
    if (range.gone > 0 && !std::ranges::binary_search(read.records, offset, {}, &RejectedRecord::offset)) --range.gone;
  }
  for (RejectedRecord& record : read.records) {
    if (there.contains(record.offset)) continue;
    letters.push_back(std::move(record));
    ++range.dead_lettered;
  }
  return range;
}

}  // namespace

Result<AbandonedPlan> abandon_plan(const Settings& settings, PlanId id, const std::string& reason, LoseRecords lose) {
  if (!settings.clickhouse)
    return permanent("which of the plan's records are in ClickHouse must be known: name it (--settings, or --clickhouse and --database)");
  auto held = StoppedPlan::find(settings, id);
  if (!held) return std::unexpected(held.error());
  if (!held->pending().empty())
    return permanent("plan " + to_string(id.value) + " doesn't stand still everywhere: a worker is at it for " + to_string(held->pending().front().partition) +
                     ", and writes the rows of all its partitions; wait until it is done or stopped there too");
  auto client = client_of_plan(settings, held->plan());
  if (!client) return std::unexpected(client.error());
  if (auto fenced = held->fence_owners(); !fenced) return std::unexpected(fenced.error());
  if (auto landed = wait_for_inserts(settings, held->plan(), *client); !landed) return std::unexpected(landed.error());

  const auto ranges = ranges_of(*held);
  std::map<std::string, RowPositions> rows;
  for (const PlanRange& range : ranges) {
    if (rows.contains(range.partition.topic)) continue;
    auto positions = positions_of(held->plan(), range.partition.topic, *client);
    if (!positions) return std::unexpected(positions.error());
    rows.emplace(range.partition.topic, std::move(*positions));
  }
  auto read = read_ranges(settings.kafka, held->plan(), ranges, reason, std::max(1, held->adoptions()), settings.patience);
  if (!read) return std::unexpected(read.error());

  AbandonedPlan abandoned{id, {}, held->past()};
  std::vector<RejectedRecord> letters;
  const std::string gone_from_log = count_gone(*read);
  uint64_t lost = 0;
  for (RangeRecords& range : *read) {
    abandoned.ranges.push_back(sort_out(range, rows.at(range.range.partition.topic), letters));
    lost += abandoned.ranges.back().gone;
  }
  if (lost > 0 && lose == LoseRecords::kNo)
    return permanent(std::to_string(lost) + " of the plan's records are neither in ClickHouse nor in the log any more:" + gone_from_log +
                     " say --lose-missing to move on without them");
  std::vector<kafka::OffsetToCommit> offsets;
  for (const PlanRange& range : ranges) offsets.push_back(marked(range.partition, range.offsets.end, range.topic_id));
  // Before the commit: a range that the ledger never hears of is a gap to the next, while a skip that comes to nothing is repeated with the act.
  for (const PlanRange& range : ranges)
    if (auto skipped = skip_in_billing(settings, range.partition, range.topic_id, range.offsets.end, to_string(id.value), reason); !skipped)
      return std::unexpected(skipped.error());
  if (auto done = held->commit(offsets, letters); !done) return std::unexpected(done.error());
  return abandoned;
}

}  // namespace millrace::operate

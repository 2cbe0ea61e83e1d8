#include "tools/operate/offset_acts.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "tools/operate/billing_marks.h"
#include "tools/operate/group_view.h"
#include "tools/operate/operator_commit.h"
#include "tools/operate/owners.h"
#include "tools/operate/plan_rows.h"
#include "tools/operate/shard_clients.h"
#include "tools/operate/stopped_plan.h"

namespace millrace::operate {

bool OffsetsShown::all_go_on() const {
  return std::ranges::none_of(partitions, [](const ShownOffset& p) {
    const Standing s = p.state.standing;
    return s == Standing::kPlanStopped || s == Standing::kUnmarked || s == Standing::kBehindLog || s == Standing::kOtherRelease || s == Standing::kUnknown;
  });
}

Result<OffsetsShown> show_offsets(const Settings& settings) {
  auto view = GroupView::create(settings);
  if (!view) return std::unexpected(view.error());
  const auto partitions = view->partitions();
  if (!partitions) return std::unexpected(partitions.error());
  auto states = view->read_with_owners(*partitions);
  if (!states) return std::unexpected(states.error());
  OffsetsShown shown;
  for (PartitionState& state : *states) {
    ShownOffset one{std::move(state), {}};
    if (const auto log = view->watermarks(one.state.partition)) one.log = *log, judge_log(one.state, *log);
    shown.partitions.push_back(std::move(one));
  }
  return shown;
}

namespace {

// What may be accepted is what makes every worker stand still; the error says why this isn't that.
Status acceptable(const PartitionState& state, std::optional<Offset> at) {
  const std::string where = to_string(state.partition);
  switch (state.standing) {
    case Standing::kUnmarked: return {};
    case Standing::kGoesOn:
      return permanent(where + " goes on: its offset " + std::to_string(state.offset->value) + " carries our mark, there is nothing to accept");
    case Standing::kPlanPending:
      return permanent(where + " goes on: its offset carries our mark, and plan " + millrace::to_string(state.plan()->id.value) + ", which a worker completes");
    case Standing::kPlanStopped:
      return permanent(where + " stands still for its plan, not for its offset: see `millrace plan show`, then `millrace plan retry` or `abandon` " +
                       millrace::to_string(state.plan()->id.value));
    case Standing::kOtherRelease: return permanent(where + ": " + state.reason + ": a worker of that release must go on with it, or its operator's commands");
    case Standing::kUnknown: return transient(where + " can't be read: " + state.reason);
    case Standing::kBehindLog:
      if (at) return {};
      return permanent(where + ": " + state.reason + ": say from which on with --at");
    case Standing::kNoOffset:
      if (at) return {};
      return permanent(where + " has no offset: say from which on with --at");
  }
  return permanent("?");
}

Status within_log(const kafka::Watermarks& log, const TopicPartition& partition, Offset offset) {
  const std::string where = to_string(partition) + ": offset " + std::to_string(offset.value);
  if (offset < log.low)
    return permanent(where + " is no longer in the log, which begins at " + std::to_string(log.low.value) + ": say --at " + std::to_string(log.low.value) +
                     " to go on there");
  if (offset > log.high) return permanent(where + " is beyond the log, which ends at " + std::to_string(log.high.value));
  return {};
}

// What ClickHouse has of the partition, and what that means for going on at `offset`.
Status look_at_rows(const Settings& settings, const PartitionState& state, Offset offset, AllowDoubles doubles, std::vector<std::string>& notes) {
  const std::string where = to_string(state.partition);
  if (!settings.clickhouse) {
    if (state.standing == Standing::kNoOffset)
      return permanent(where + " has no offset: whether a worker begins by itself or stands still is for ClickHouse to say; name it");
    notes.push_back("ClickHouse was not asked: rows from offset " + std::to_string(offset.value) + " on that are there already will be there twice");
    return {};
  }
  Result<RowsFrom> rows = RowsFrom{};
  for (clickhouse::Client& shard : shard_clients(settings)) {
    const auto there = rows_from(state.partition, offset, shard);
    if (!there) return std::unexpected(there.error());
    rows->rows += there->rows;
    rows->last_at_all = std::max(rows->last_at_all, there->last_at_all);
  }
  if (state.standing == Standing::kNoOffset && !rows->last_at_all)
    return permanent(where + " has no offset, and ClickHouse no row of it: a worker begins there by itself (its setting `start`)");
  if (state.plan())
    notes.push_back("plan " + millrace::to_string(state.plan()->id.value) +
                    " stood in the metadata, and nobody completes it any more: it had begun at offset " + std::to_string(state.mark->offset.value) +
                    (state.topic_made_anew ? " of the former topic" : ""));
  if (state.standing == Standing::kBehindLog) notes.push_back("what stood from offset " + std::to_string(state.offset->value) + " on and was removed is lost");
  if (!rows->last_at_all) return {};
  const std::string last = std::to_string(rows->last_at_all->value);
  if (state.topic_made_anew) {
    notes.push_back("the rows that ClickHouse has up to offset " + last + " are of the former topic; rows of the new one will have the same offsets");
  } else if (rows->rows > 0) {
    const std::string twice =
        std::to_string(rows->rows) + " rows of " + where + " from offset " + std::to_string(offset.value) + " on (the last is " + last + ")";
    if (doubles == AllowDoubles::kNo)
      return permanent("ClickHouse has " + twice + ": going on there would write their events again. Say --at " + std::to_string(rows->last_at_all->value + 1) +
                       ", or --allow-doubles if they are other events, or gone soon");
    notes.push_back(twice + " may be there twice now");
  } else if (rows->last_at_all->value + 1 < offset.value) {
    notes.push_back("ClickHouse has rows up to offset " + last + ": what stands between it and " + std::to_string(offset.value) +
                    " is among the dead letters, or left out");
  }
  return {};
}

// What billing expects next, and what that means: it takes no range twice, and none after a gap that nobody declared.
Status look_at_ledger(const Settings& settings, const PartitionState& state, Offset offset, std::vector<std::string>& notes) {
  const std::string where = to_string(state.partition);
  const auto until = billed_until(settings, state.partition, *state.topic_id);
  if (!until) return std::unexpected(until.error());
  if (!*until || **until == offset) return {};
  const std::string expected = std::to_string((*until)->value);
  if (offset < **until)
    return permanent(where + " is billed up to offset " + expected + ", and billing takes nothing twice: say --at " + expected + ", or begin the ledger anew");
  if (auto skipped = skip_in_billing(settings, state.partition, *state.topic_id, offset, "", "offset accepted by an operator"); !skipped) return skipped;
  notes.push_back("billing skips what stands from offset " + expected + " to " + std::to_string(offset.value));
  return {};
}

}  // namespace

Result<AcceptedOffset> accept_offset(const Settings& settings, const TopicPartition& partition, std::optional<Offset> at, AllowDoubles doubles) {
  auto view = GroupView::create(settings);
  if (!view) return std::unexpected(view.error());
  OperatorCommit commit(settings);
  if (auto begun = commit.begin(); !begun) return std::unexpected(begun.error());
  auto states = view->read({partition});
  if (!states) return std::unexpected(states.error());
  PartitionState& state = states->front();
  if (state.standing == Standing::kUnknown) return transient(to_string(partition) + " can't be read: " + state.reason);
  const auto log = view->watermarks(partition);
  if (!log) return std::unexpected(log.error());
  judge_log(state, *log);
  if (auto fine = acceptable(state, at); !fine) return std::unexpected(fine.error());
  const Offset offset = at.value_or(state.offset.value_or(Offset(0)));
  if (auto fine = within_log(*log, partition, offset); !fine) return std::unexpected(fine.error());

  if (auto fenced = fence_owners(settings, view->groups(), {partition}); !fenced) return std::unexpected(fenced.error());
  if (auto still = unchanged(*view, *states); !still) return std::unexpected(still.error());
  if (settings.clickhouse) {
    log::info("waiting {} s: until then an insert of a worker that didn't know of this offset has landed, or is refused",
              settings.inserts_land_within.count() / 1000);
    std::this_thread::sleep_for(settings.inserts_land_within);
  }
  AcceptedOffset accepted{state, offset, {}};
  if (auto fine = look_at_rows(settings, state, offset, doubles, accepted.notes); !fine) return std::unexpected(fine.error());
  if (auto fine = look_at_ledger(settings, state, offset, accepted.notes); !fine) return std::unexpected(fine.error());
  if (auto still = unchanged(*view, *states); !still) return std::unexpected(still.error());

  const auto wanted = marked(partition, offset, *state.topic_id);
  auto done = commit.commit({wanted});
  if (!done && done.error().retry == Retry::kUnknown) {
    if (auto settled = commit.begin(); !settled)
      return unknown_outcome(done.error().message + "; nobody knows whether it happened: see `millrace offsets show`");
    const auto now = view->read({partition});
    if (!now) return unknown_outcome(done.error().message + "; nobody knows whether it happened: see `millrace offsets show`");
    if (now->front().offset == wanted.offset && now->front().metadata == wanted.metadata) return accepted;
    return transient("nothing was changed: " + done.error().message);
  }
  if (!done) return std::unexpected(done.error());
  return accepted;
}

}  // namespace millrace::operate

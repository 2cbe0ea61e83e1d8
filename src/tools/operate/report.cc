#include "tools/operate/report.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <sstream>

#include "pipeline/commit/lane_protocol.h"

namespace millrace::operate {

namespace {

std::string time_of(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  char out[40];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
  return out;
}
template <class... Part>
std::string say(const Part&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
std::string number(const std::optional<Offset>& offset) { return offset ? std::to_string(offset->value) : "-"; }

// "adoption 3 of 8": what a plan's partition is at.
std::string standing_of(const PartitionState& state) {
  std::string text;
  switch (state.standing) {
    case Standing::kGoesOn: return "healthy";
    case Standing::kNoOffset: return "no offset yet";
    case Standing::kUnmarked: text = "STANDS STILL, offset without our mark"; break;
    case Standing::kBehindLog: text = "STANDS STILL, records removed"; break;
    case Standing::kOtherRelease: text = "STANDS STILL"; break;
    case Standing::kUnknown: text = "not known"; break;
    case Standing::kPlanStopped: text = "STANDS STILL, plan stopped"; break;
    case Standing::kPlanPending:
      text = state.mark->adoptions > 0
                 ? "plan pending, adoption " + std::to_string(state.mark->adoptions) + " of " + std::to_string(pipeline::LaneProtocol::kAdoptionsMax)
                 : "plan pending";
      break;
  }
  return state.reason.empty() ? text : text + ": " + state.reason;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + (i + 1 < row.size() ? std::string(widths[i] - row[i].size() + 2, ' ') : "");
    out += line + "\n";
  }
  return out;
}

std::string help_for(const std::vector<const PartitionState*>& states) {
  std::map<std::string, bool> plans;
  std::string help;
  for (const PartitionState* state : states) {
    if (state->standing == Standing::kPlanStopped) plans[to_string(state->plan()->id.value)] = true;
    if (state->standing == Standing::kBehindLog) help += "  millrace offsets accept " + to_string(state->partition) + " --at LOG_BEGIN\n";
    if (state->standing == Standing::kUnmarked) help += "  millrace offsets accept " + to_string(state->partition) + "\n";
  }
  for (const auto& [plan, unused] : plans)
    help += "  millrace plan retry " + plan + "    # once what stopped it is mended; or give it up: millrace plan abandon " + plan + "\n";
  return help.empty() ? "" : "what waits for an operator:\n" + help;
}

std::string describe(const ShownPlan& shown) {
  const pipeline::Plan& plan = *shown.plan;
  std::string out =
      say("plan ", to_string(plan.id.value), "\n  of ", time_of(plan.time_ms), ", catalog ", to_string(plan.catalog.value), ", row semantics ",
          plan.row_semantics, plan.given_up.empty() ? "" : ", " + std::to_string(plan.given_up.size()) + " offsets given up as dead letters", "\n");
  for (const auto& range : plan.ranges)
    out += say("  range ", to_string(range.partition), " [", range.offsets.begin.value, ", ", range.offsets.end.value, "), ", range.records, " records\n");
  for (const auto& one : shown.tables) {
    uint64_t planned = 0;
    for (const auto& range : plan.ranges) planned += range.partition.topic == one.topic ? range.records : 0;
    out += "  table " + one.table + ": " +
           (one.rows ? std::to_string(*one.rows) + " rows of it, from " + std::to_string(planned) + " records (dead letters make no row)" : "rows not known") +
           (one.trouble.empty() ? "" : ": " + one.trouble) + "\n";
  }
  return out;
}

}  // namespace

std::string text(const PlansShown& shown) {
  std::vector<std::vector<std::string>> rows{{"PARTITION", "OFFSET", "PLAN", "OWNER", "STATE"}};
  std::vector<const PartitionState*> states;
  for (const auto& state : shown.partitions) {
    states.push_back(&state);
    rows.push_back({to_string(state.partition), number(state.offset), state.plan() ? to_string(state.plan()->id.value) : "-",
                    state.owner.empty() ? "-" : state.owner, standing_of(state)});
  }
  std::string out = table(rows);
  for (const auto& plan : shown.plans) out += "\n" + describe(plan);
  if (const std::string help = help_for(states); !help.empty()) out += "\n" + help;
  return out;
}

std::string text(const OffsetsShown& shown) {
  std::vector<std::vector<std::string>> rows{{"PARTITION", "OFFSET", "LOG BEGIN", "LOG END", "LAG", "OWNER", "STATE"}};
  std::vector<const PartitionState*> states;
  for (const auto& [state, log] : shown.partitions) {
    states.push_back(&state);
    const bool lag = log && state.offset;
    rows.push_back({to_string(state.partition), number(state.offset), log ? std::to_string(log->low.value) : "-", log ? std::to_string(log->high.value) : "-",
                    lag ? std::to_string(std::max<int64_t>(0, log->high.value - state.offset->value)) : "-", state.owner.empty() ? "-" : state.owner,
                    standing_of(state)});
  }
  std::string out = table(rows);
  if (const std::string help = help_for(states); !help.empty()) out += "\n" + help;
  return out;
}

std::string text(const RetriedPlan& retried) {
  std::string out = "plan " + to_string(retried.plan.value) + " is tried again:\n";
  for (const auto& state : retried.retried)
    out += "  " + to_string(state.partition) + ": adoptions were " + std::to_string(state.mark->adoptions) + ", are 0; its owner looks within 5 s\n";
  for (const auto& state : retried.pending) out += "  " + to_string(state.partition) + ": left alone, a worker is at it\n";
  return out;
}

std::string text(const PlanStopped& stopped) {
  std::string out = "plan " + to_string(stopped.plan.value) + " is stopped:\n";
  for (const auto& state : stopped.partitions) out += "  " + to_string(state.partition) + " stands still from now on\n";
  return out + "what can follow:\n  millrace plan abandon " + to_string(stopped.plan.value) + "\n  millrace plan retry " + to_string(stopped.plan.value) + "\n";
}

std::string text(const AbandonedPlan& abandoned, const std::string& dead_letters) {
  std::string out = "plan " + to_string(abandoned.plan.value) + " is abandoned:\n";
  for (const auto& range : abandoned.ranges) {
    out += say("  ", to_string(range.partition), " goes on at offset ", range.offsets.end.value, ": of ", range.planned, " records ", range.dead_lettered,
               " are now on ", dead_letters);
    if (range.in_clickhouse > 0) out += say(", ", range.in_clickhouse, " were in ClickHouse and stay there");
    if (range.doubled > 0) out += say(" (", range.doubled, " OF THEM MORE THAN ONCE)");
    if (range.gone > 0) out += say(", ", range.gone, " ARE LOST: no longer in the log");
    if (!range.as_planned && range.gone == 0 && range.in_clickhouse + range.dead_lettered >= range.planned)
      out += "; the log is not what it was when the plan was made";
    out += "\n";
  }
  for (const auto& partition : abandoned.past) out += "  " + to_string(partition) + " was past it already, and is as it was\n";
  return out;
}

std::string text(const AcceptedOffset& accepted) {
  std::string out = to_string(accepted.before.partition) + " goes on at offset " + std::to_string(accepted.offset.value) + " (it was " +
                    number(accepted.before.offset) + (accepted.before.reason.empty() ? "" : "; " + accepted.before.reason) + "); its owner looks within 5 s\n";
  for (const std::string& note : accepted.notes) out += "  note: " + note + "\n";
  return out;
}

}  // namespace millrace::operate

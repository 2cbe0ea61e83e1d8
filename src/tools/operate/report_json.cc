#include <nlohmann/json.hpp>

#include "pipeline/commit/lane_protocol.h"
#include "tools/operate/report.h"

namespace millrace::operate {

using nlohmann::ordered_json;

namespace {

ordered_json value(const std::optional<Offset>& offset) { return offset ? ordered_json(offset->value) : ordered_json(nullptr); }

ordered_json value(const PartitionState& state) {
  ordered_json out{{"topic", state.partition.topic}, {"partition", state.partition.partition.value},
                   {"offset", value(state.offset)},  {"state", name(state.standing)},
                   {"reason", state.reason},         {"owner", state.owner}};
  if (state.plan()) {
    out["plan"] = to_string(state.plan()->id.value);
    out["adoptions"] = state.mark->adoptions;
    out["adoptions_max"] = pipeline::LaneProtocol::kAdoptionsMax;
  }
  return out;
}

ordered_json value(const ShownPlan& shown) {
  const pipeline::Plan& plan = *shown.plan;
  ordered_json out{{"id", to_string(plan.id.value)},      {"time_ms", plan.time_ms},          {"catalog", to_string(plan.catalog.value)},
                   {"row_semantics", plan.row_semantics}, {"given_up", plan.given_up.size()}, {"ranges", ordered_json::array()},
                   {"tables", ordered_json::array()}};
  for (const auto& range : plan.ranges)
    out["ranges"].push_back({{"topic", range.partition.topic},
                             {"partition", range.partition.partition.value},
                             {"begin", range.offsets.begin.value},
                             {"end", range.offsets.end.value},
                             {"records", range.records}});
  for (const auto& table : shown.tables)
    out["tables"].push_back(
        {{"table", table.table}, {"topic", table.topic}, {"rows", table.rows ? ordered_json(*table.rows) : ordered_json(nullptr)}, {"trouble", table.trouble}});
  return out;
}

std::string text_of(const ordered_json& root) { return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string json(const PlansShown& shown) {
  ordered_json root{{"all_go_on", shown.all_go_on()}, {"partitions", ordered_json::array()}, {"plans", ordered_json::array()}};
  for (const auto& state : shown.partitions) root["partitions"].push_back(value(state));
  for (const auto& plan : shown.plans) root["plans"].push_back(value(plan));
  return text_of(root);
}

std::string json(const OffsetsShown& shown) {
  ordered_json root{{"all_go_on", shown.all_go_on()}, {"partitions", ordered_json::array()}};
  for (const auto& [state, log] : shown.partitions) {
    ordered_json one = value(state);
    one["log_begin"] = log ? ordered_json(log->low.value) : ordered_json(nullptr);
    one["log_end"] = log ? ordered_json(log->high.value) : ordered_json(nullptr);
    root["partitions"].push_back(std::move(one));
  }
  return text_of(root);
}

std::string json(const RetriedPlan& retried) {
  ordered_json root{{"plan", to_string(retried.plan.value)}, {"retried", ordered_json::array()}, {"pending", ordered_json::array()}};
  for (const auto& state : retried.retried) root["retried"].push_back(value(state));
  for (const auto& state : retried.pending) root["pending"].push_back(value(state));
  return text_of(root);
}

std::string json(const PlanStopped& stopped) {
  ordered_json root{{"plan", to_string(stopped.plan.value)}, {"stopped", ordered_json::array()}};
  for (const auto& state : stopped.partitions) root["stopped"].push_back(value(state));
  return text_of(root);
}

std::string json(const AbandonedPlan& abandoned) {
  ordered_json root{{"plan", to_string(abandoned.plan.value)}, {"ranges", ordered_json::array()}, {"past", ordered_json::array()}};
  for (const auto& range : abandoned.ranges)
    root["ranges"].push_back({{"topic", range.partition.topic},
                              {"partition", range.partition.partition.value},
                              {"begin", range.offsets.begin.value},
                              {"end", range.offsets.end.value},
                              {"planned", range.planned},
                              {"dead_lettered", range.dead_lettered},
                              {"in_clickhouse", range.in_clickhouse},
                              {"doubled", range.doubled},
                              {"lost", range.gone},
                              {"as_planned", range.as_planned}});
  for (const auto& partition : abandoned.past) root["past"].push_back({{"topic", partition.topic}, {"partition", partition.partition.value}});
  return text_of(root);
}

std::string json(const AcceptedOffset& accepted) {
  return text_of({{"topic", accepted.before.partition.topic},
                  {"partition", accepted.before.partition.partition.value},
                  {"before", value(accepted.before)},
                  {"offset", accepted.offset.value},
                  {"notes", accepted.notes}});
}

}  // namespace millrace::operate

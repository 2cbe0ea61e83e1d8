#include "pipeline/sinks/warehouse/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace millrace::pipeline {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kManifestVersion = 1;

Json json_of(const WarehouseRange& range) {
  return {{"topic", range.topic},
          {"topic_id", to_string(range.topic_id.value)},
          {"partition", range.partition.value},
          {"begin", range.offsets.begin.value},
          {"end", range.offsets.end.value},
          {"records", range.records}};
}
Json json_of(const ManifestFile& file) {
  Json json{{"path", file.path}, {"table", file.table}, {"rows", file.rows}, {"bytes", file.bytes}};
  if (file.event_time_ms) json["event_time_min_ms"] = file.event_time_ms->first, json["event_time_max_ms"] = file.event_time_ms->second;
  return json;
}

Uuid uuid_in(const Json& json) {
  const auto text = json.get<std::string>();
  Uuid id;
  if (!parse_uuid(text.data(), text.size(), id)) throw std::runtime_error("'" + text + "' is no UUID");
  return id;
}
WarehouseRange range_in(const Json& json) {
  return {json.at("topic").get<std::string>(),
          TopicId(uuid_in(json.at("topic_id"))),
          PartitionId(json.at("partition").get<int32_t>()),
          {Offset(json.at("begin").get<int64_t>()), Offset(json.at("end").get<int64_t>())},
          json.at("records").get<int64_t>()};
}
ManifestFile file_in(const Json& json) {
  ManifestFile file{
      json.at("path").get<std::string>(), json.at("table").get<std::string>(), json.at("rows").get<uint64_t>(), json.at("bytes").get<uint64_t>(), {}};
  if (json.contains("event_time_min_ms")) file.event_time_ms = {json["event_time_min_ms"].get<int64_t>(), json.at("event_time_max_ms").get<int64_t>()};
  return file;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  Json json{{"version", kManifestVersion}, {"pipeline", manifest.pipeline}, {"plan", to_string(manifest.plan.value)}, {"time_ms", manifest.time_ms}};
  json["ranges"] = Json::array(), json["files"] = Json::array();
  for (const WarehouseRange& range : manifest.ranges) json["ranges"].push_back(json_of(range));
  for (const ManifestFile& file : manifest.files) json["files"].push_back(json_of(file));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (const int version = json.at("version").get<int>(); version != kManifestVersion)
      return permanent("it has version " + std::to_string(version) + ", this program reads " + std::to_string(kManifestVersion));
    Manifest manifest{json.at("pipeline").get<std::string>(), PlanId(uuid_in(json.at("plan"))), json.at("time_ms").get<int64_t>(), {}, {}};
    for (const Json& range : json.at("ranges")) manifest.ranges.push_back(range_in(range));
    for (const Json& file : json.at("files")) manifest.files.push_back(file_in(file));
    return manifest;
  } catch (const std::exception& e) {
    return permanent(std::string("it is no manifest: ") + e.what());
  }
}

std::optional<std::pair<int64_t, int64_t>> time_span(const columns::Column& column) {
  const columns::Column& values = column.layout() == columns::Layout::kNullable ? column.child(0) : column;
  const columns::Kind kind = values.type().kind;
  if (kind != columns::Kind::kDateTime && kind != columns::Kind::kDateTime64) return std::nullopt;
  std::optional<std::pair<int64_t, int64_t>> span;
  for (size_t row = 0; row < column.rows(); ++row) {
    if (column.is_null(row)) continue;
    const int64_t ticks = kind == columns::Kind::kDateTime ? values.value<uint32_t>(row) : values.value<int64_t>(row);
    if (!span) span = {ticks, ticks};
    span->first = std::min(span->first, ticks), span->second = std::max(span->second, ticks);
  }
  if (!span) return std::nullopt;
  int64_t multiply = 1, divide = 1;
  const uint32_t precision = kind == columns::Kind::kDateTime ? 0 : values.type().precision;
  for (uint32_t digit = precision; digit < 3; ++digit) multiply *= 10;
  for (uint32_t digit = 3; digit < precision; ++digit) divide *= 10;
  const auto floor_ms = [&](int64_t ticks) { return ticks * multiply / divide - (ticks % divide < 0 ? 1 : 0); };
  const int64_t least = floor_ms(span->first), greatest = floor_ms(span->second);
  return std::pair(least, greatest + (span->second % divide != 0 ? 1 : 0));
}

}  // namespace millrace::pipeline

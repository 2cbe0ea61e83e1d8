#include "pipeline/sinks/warehouse/partition_marks.h"

#include <nlohmann/json.hpp>

#include "pipeline/sinks/warehouse/names.h"

namespace millrace::pipeline {

Status PartitionMarks::mark(Storage& storage, const WarehouseOrder& order, const Cancelled& cancelled) {
  for (const WarehouseRange& range : order.ranges) {
    std::string name = mark_name(order.pipeline, range.topic_id, range.partition);
    if (known_.contains(name)) continue;
    auto file = storage.new_file(name);
    if (!file) return std::unexpected(file.error());
    const nlohmann::ordered_json content{{"version", 1},
                                         {"pipeline", order.pipeline},
                                         {"topic", range.topic},
                                         {"topic_id", to_string(range.topic_id.value)},
                                         {"partition", range.partition.value},
                                         {"begin", range.offsets.begin.value}};
    if (const Status written = file->append(content.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"); !written) return written;
    if (const auto published = storage.publish(*file, name, cancelled); !published) return std::unexpected(published.error());
    known_.insert(std::move(name));
  }
  return {};
}

Result<std::optional<Offset>> PartitionMarks::first_of(Storage& storage, std::string_view pipeline, TopicId topic, PartitionId partition) {
  const std::string name = mark_name(pipeline, topic, partition);
  const auto text = storage.read(name);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  try {
    return Offset(nlohmann::json::parse(**text).at("begin").get<int64_t>());
  } catch (const std::exception& e) {
    return transient(storage.name() + "/" + name + " can't be read: " + e.what());
  }
}

}  // namespace millrace::pipeline

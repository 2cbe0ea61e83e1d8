#include "pipeline/lane/beginnings.h"

#include "clients/clickhouse/table_name.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kTimeout{3000};
}

Result<Offset> resolve_beginning(const TopicPartition& partition, const BeginningSettings& settings, kafka::Reader& reader, ClickHouseSink& sink) {
  const std::string table = clickhouse::table_of_topic(partition.topic);
  const auto last = sink.last_offset(table, partition.topic, partition.partition);
  if (!last) return transient("whether " + table + " has rows of " + to_string(partition) + ": " + last.error().message);
  if (*last)
    return permanent("the group has no offset for it, but " + table + " has rows of it up to offset " + std::to_string((*last)->value) +
                     ": the offset expired, or the group was deleted, or the topic was made anew; say from where to go on with `millrace offsets accept`");
  if (settings.start_ms == 0) {
    auto marks = reader.watermarks(partition, kTimeout);
    if (!marks) return transient(marks.error().message);
    return marks->low;
  }
  auto at = reader.offsets_at({partition}, settings.start_ms, kTimeout);
  if (!at) return transient(at.error().message);
  return at->front().second;
}

}  // namespace millrace::pipeline

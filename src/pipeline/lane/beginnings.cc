#include "pipeline/lane/beginnings.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kTimeout{3000};
}

Result<Offset> resolve_beginning(const TopicPartition& partition, TopicId topic, const BeginningSettings& settings, kafka::Reader& reader, LaneSinks& sinks) {
  const auto traces = sinks.traces_of(partition, topic);
  if (!traces) return std::unexpected(traces.error());
  if (!traces->empty())
    return permanent("the group has no offset for it, but " + *traces +
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

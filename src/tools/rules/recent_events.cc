#include "tools/rules/recent_events.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "clients/kafka/admin.h"
#include "clients/kafka/reader.h"

namespace millrace::rules_tools {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::chrono::seconds kSilenceMax{30};  // without a record or an end

}  // namespace

Result<std::vector<RecentEvent>> recent_events(const kafka::KafkaProperties& kafka, const std::string& topic, size_t count) {
  auto admin = kafka::Admin::create(kafka);
  if (!admin) return std::unexpected(admin.error());
  auto described = admin->describe({topic});
  if (!described) return std::unexpected(described.error());
  if (!described->front()) return std::unexpected(described->front().error());
  auto reader = kafka::Reader::create({.kafka = kafka, .group = {}});
  if (!reader) return std::unexpected(reader.error());
  std::vector<std::pair<TopicPartition, Offset>> begins;
  for (const PartitionId partition : described->front()->partitions) {
    const TopicPartition of{topic, partition};
    const auto marks = reader->watermarks(of, kPatience);
    if (!marks) return std::unexpected(marks.error());
    if (marks->low.value < marks->high.value) begins.emplace_back(of, Offset(std::max(marks->low.value, marks->high.value - static_cast<int64_t>(count))));
  }
  std::vector<RecentEvent> events;
  if (begins.empty()) return events;
  if (auto assigned = reader->assign(begins); !assigned) return std::unexpected(assigned.error());
  std::set<int32_t> open;
  for (const auto& [partition, offset] : begins) open.insert(partition.partition.value);
  auto silent_since = std::chrono::steady_clock::now();
  kafka::MessageBatch batch;
  while (!open.empty()) {
    reader->consume(batch, 10'000, std::chrono::milliseconds(200));
    for (const kafka::RecordRef& record : batch.records())
      if (open.contains(record.partition.value))
        events.push_back({record.partition, record.offset, record.timestamp_ms, std::string(record.value), record.null_value});
    for (const auto& end : batch.ends()) open.erase(end.partition.partition.value);
    for (const auto& error : batch.partition_errors())
      return permanent(topic + ", partition " + std::to_string(error.partition.partition.value) + ": " + error.error.message);
    const auto now = std::chrono::steady_clock::now();
    if (!batch.records().empty() || !batch.ends().empty()) silent_since = now;
    if (now - silent_since > kSilenceMax) return transient(topic + ": nothing came for 30 s");
    batch.clear();
  }
  std::ranges::sort(events, {}, [](const RecentEvent& event) { return std::tuple(event.timestamp_ms, event.partition.value, event.offset.value); });
  if (events.size() > count) events.erase(events.begin(), events.end() - static_cast<ptrdiff_t>(count));
  return events;
}

}  // namespace millrace::rules_tools

#include "tools/audit/audit.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "tools/audit/log_reader.h"
#include "tools/audit/row_reader.h"
#include "tools/audit/warehouse_reader.h"

namespace millrace::audit {
namespace {

template <class T, class... Key>
std::span<const T> within(const std::map<Key...>& by, const auto& key, OffsetRange range) {
  const auto found = by.find(key);
  if (found == by.end()) return {};
  const auto begin = std::ranges::lower_bound(found->second, range.begin.value, {}, &T::offset);
  const auto end = std::ranges::lower_bound(found->second, range.end.value, {}, &T::offset);
  return {begin, end};
}

std::vector<LeftOut> left_out_within(const LeftOutRanges& all, int32_t partition, OffsetRange range) {
  const auto found = all.find(partition);
  std::vector<LeftOut> inside;
  if (found == all.end()) return inside;
  for (LeftOut each : found->second) {
    if (each.end <= range.begin.value || each.begin >= range.end.value) continue;
    each.whole = each.begin >= range.begin.value && each.end <= range.end.value;  // the log may have forgotten its first records
    inside.push_back(each);
  }
  return inside;
}

// The log's partitions in `threads` threads, the table's scan beside them; the warehouse's, if there is one.
Status audit_topic(const AuditSettings& settings, const std::vector<PartitionRange>& of, const Warehouse* warehouse, const DeadLetters& letters,
                   const Alerts& alerts, Schemas& schemas, Totals& totals, std::vector<Finding>& findings) {
  const std::string topic = of.front().partition.topic;
  std::vector<Result<std::vector<LogRecord>>> logs(of.size());
  Result<Rows> rows;
  Result<LeftOutRanges> left_out;
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
      rows = warehouse ? warehouse->rows(topic) : read_rows(settings.clickhouse, table_of(topic), topic);
      left_out = warehouse ? warehouse->left_out(topic) : read_left_out(settings.clickhouse, topic);
    });
    for (size_t i = 0; i < settings.threads; ++i)
      threads.emplace_back([&] {
        for (size_t at; (at = next++) < of.size();) logs[at] = read_log(settings.kafka, of[at], schemas);
      });
  }
  if (!rows) return std::unexpected(rows.error());
  if (!left_out) return std::unexpected(left_out.error());
  for (size_t i = 0; i < of.size(); ++i) {
    if (!logs[i]) return std::unexpected(logs[i].error());
    const TopicPartition& partition = of[i].partition;
    const auto ranges = left_out_within(*left_out, partition.partition.value, of[i].range);
    totals.add(compare({topic, partition.partition.value, *logs[i], within<Row>(*rows, partition.partition.value, of[i].range),
                        within<DeadLetter>(letters, partition, of[i].range), ranges, within<Alert>(alerts, partition, of[i].range)},
                       settings.findings_max, findings));
  }
  return {};
}

// Alerts are committed with their offsets: one that is there while its record isn't committed yet came too early. `by_now` was asked after them.
void find_early(const Alerts& alerts, const std::vector<PartitionRange>& by_now, size_t findings_max, Report& report) {
  for (const auto& [partition, range] : by_now) {
    const auto of = alerts.find(partition);
    if (of == alerts.end()) continue;
    for (const Alert& alert : of->second) {
      if (alert.offset < range.end.value) continue;
      ++report.by_topic[partition.topic].unexpected;
      if (report.findings.size() < findings_max)
        report.findings.push_back(
            {Kind::kUnexpected, partition.topic, partition.partition.value, alert.offset, "", "an alert of a record that isn't committed"});
    }
  }
}

}  // namespace

std::string table_of(const std::string& topic) {
  std::string table = topic;
  std::ranges::replace(table, '.', '_');
  return table;
}

Result<Report> run(const AuditSettings& settings) {
  const auto started = std::chrono::steady_clock::now();
  // Offsets before rows and letters: what is committed by now is there by then.
  auto all = ranges(settings.kafka, settings.group, settings.topics, settings.to_end);
  if (!all) return std::unexpected(all.error());
  auto letters = read_dead_letters(settings.kafka, settings.dead_letters);
  if (!letters) return std::unexpected(letters.error());
  Schemas schemas(settings.registry_url);
  Report report;
  Alerts alerts;
  if (!settings.alerts.empty()) {
    auto read = read_alerts(settings.kafka, settings.alerts, schemas);
    if (!read) return std::unexpected(read.error());
    alerts = std::move(*read);
    auto by_now = ranges(settings.kafka, settings.group, settings.topics, settings.to_end);
    if (!by_now) return std::unexpected(by_now.error());
    find_early(alerts, *by_now, settings.findings_max, report);
  }
  std::optional<Warehouse> warehouse;
  if (!settings.warehouse.empty()) {
    auto store = open_store(settings.warehouse, settings.bucket);
    if (!store) return std::unexpected(store.error());
    auto opened = Warehouse::open(std::move(*store), settings.group);
    if (!opened) return std::unexpected(opened.error());
    warehouse = std::move(*opened);
  }
  std::map<std::string, std::vector<PartitionRange>> by_topic;
  for (PartitionRange& range : *all) by_topic[range.partition.topic].push_back(std::move(range));
  for (const auto& [topic, of] : by_topic) {
    Totals& totals = report.by_topic[topic];
    if (auto done = audit_topic(settings, of, warehouse ? &*warehouse : nullptr, *letters, alerts, schemas, totals, report.findings); !done)
      return std::unexpected(done.error());
    report.all.add(totals);
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace millrace::audit

#include "pipeline/lane/epoch_rows.h"

#include <algorithm>

#include "pipeline/decode/frame.h"
#include "pipeline/decode/range_checksum.h"
#include "pipeline/sinks/warehouse/manifest.h"
#include "pipeline/transform/event_time.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {

constexpr PartitionId kAllPartitions{-1};
constexpr size_t kLookEvery = size_t{256} << 10;  // bytes of keys and values
constexpr size_t kTimestampsMax = 8192;           // of a range

// Half as many: two neighbours have the earlier one's time. Of neighbours among thousands it's the same figure in the end.
void coarsen(std::vector<std::pair<int64_t, uint32_t>>& timestamps) {
  const size_t pairs = timestamps.size() / 2;
  for (size_t i = 0; i < pairs; ++i)
    timestamps[i] = {std::min(timestamps[2 * i].first, timestamps[2 * i + 1].first), timestamps[2 * i].second + timestamps[2 * i + 1].second};
  if (timestamps.size() % 2 != 0) timestamps[pairs] = timestamps.back();
  timestamps.resize((timestamps.size() + 1) / 2);
}

}  // namespace

// ---- blocks

columns::Block EpochMemory::take(const std::string& topic, const std::vector<columns::NamedType>& wanted) {
  auto& spare = blocks_[topic];
  while (!spare.empty()) {
    columns::Block block = std::move(spare.back());
    spare.pop_back();
    bool same = block.column_count() == wanted.size();
    for (size_t i = 0; same && i < wanted.size(); ++i) same = block.name(i) == wanted[i].name && block.column(i).type() == wanted[i].type;
    if (same) return block;
  }
  return columns::Block(wanted);
}

void EpochMemory::give_back(const std::string& topic, columns::Block block) {
  block.clear();
  auto& spare = blocks_[topic];
  if (spare.size() < 3) spare.push_back(std::move(block));
}

// ---- collecting

EpochRows::EpochRows(CatalogPtr catalog, SchemaCache& schemas, EpochMemory& memory, GivenUpPolicy policy)
    : catalog_(std::move(catalog)), schemas_(&schemas), memory_(&memory), policy_(policy) {}

void EpochRows::begin_range(const TopicPartition& partition, Offset begin, std::vector<std::pair<Offset, RejectionCode>> given_up) {
  CollectedRange range;
  range.partition = partition;
  range.offsets = {begin, begin};
  range.given_up = std::move(given_up);
  ranges_.insert_or_assign(partition, std::move(range));
}

EpochRows::Topic& EpochRows::topic_of(const std::string& name) {
  const auto [at, added] = topics_.try_emplace(name);
  if (added) {
    const Catalog::Topic* known = catalog_->find(name);
    MILLRACE_CHECK(known != nullptr, "records of a topic that the catalog doesn't know: " + name);
    at->second = {known->rules.get(), RecordDecoder(catalog_->schemas(), *known->reader, *schemas_, policy_)};
  }
  return at->second;
}

columns::Block& EpochRows::rows_of(Topic& topic, const TopicPartition& partition) {
  const auto [at, added] = topic.parts.try_emplace(memory_->spool() ? partition.partition : kAllPartitions);
  if (added) at->second = {partition.topic, memory_->take(partition.topic, catalog_->find(partition.topic)->columns)};
  return at->second.rows;
}

// What the plan says of it.
DecodeAttempt EpochRows::as_given(const Record& record, RejectionCode code) {
  const auto frame = read_frame(record.value, record.null_value);
  return {DecodeAttempt::Kind::kRejected,
          {code, Stage::kSchema, -1, "given up when its epoch was planned: " + std::string(name(code))},
          true,
          frame ? std::optional(*frame) : std::nullopt};
}

EpochRows::Progress EpochRows::append(const RecordRun& run, size_t given_up_max, milliseconds schema_patience, milliseconds step) {
  CollectedRange& range = ranges_.at(run.partition);
  Topic& topic = topic_of(run.partition.topic);
  columns::Block& rows = rows_of(topic, run.partition);
  const size_t first_row = rows.rows();
  const auto rejected_before = static_cast<ptrdiff_t>(rejected_.size());
  records_of_rows_.clear();
  const Progress progress = decode(topic, rows, range, run, given_up_max, schema_patience, step);
  if (topic.rules != nullptr) {
    transform(topic, rows, range, run, first_row);
    std::ranges::sort(rejected_.begin() + rejected_before, rejected_.end(), {}, &RejectedRecord::offset);
  }
  return progress;
}

EpochRows::Progress EpochRows::decode(Topic& topic, columns::Block& rows, CollectedRange& range, const RecordRun& run, size_t given_up_max,
                                      milliseconds schema_patience, milliseconds step) {
  const size_t columns = topic.decoder.reader().columns.size();
  columns::Column &partitions = rows.column(columns), &offsets = rows.column(columns + 1), &schema_ids = rows.column(columns + 2);
  Progress progress;
  const auto asked = topic.decoder.asked();
  for (const Record& record : run.records) {
    const auto given =
        policy_ == GivenUpPolicy::kAsGiven ? std::ranges::find(range.given_up, record.offset, &std::pair<Offset, RejectionCode>::first) : range.given_up.end();
    DecodeAttempt attempt = given != range.given_up.end() ? as_given(record, given->second) : topic.decoder.decode(record, schema_patience, rows);
    if (attempt.kind == DecodeAttempt::Kind::kAwaited) {
      progress.why = Progress::Why::kSchemaAwaited;
      progress.reason = std::move(attempt.rejection.reason);
      return progress;
    }
    if (attempt.kind == DecodeAttempt::Kind::kRow) [[likely]] {
      partitions.append(run.partition.partition.value);
      offsets.append(record.offset.value);
      schema_ids.append(topic.decoder.schema().value);
      rows.end_row();
      if (topic.rules != nullptr) records_of_rows_.push_back(static_cast<uint32_t>(progress.records));
    } else {
      if (attempt.could_differ && policy_ == GivenUpPolicy::kDecide) {
        if (given_up_max == 0) {
          progress.why = Progress::Why::kFull;
          return progress;
        }
        --given_up_max;
        range.given_up.emplace_back(record.offset, attempt.rejection.code);
      }
      reject(run, progress.records, std::move(attempt));
    }
    range.checksum = range_checksum(range.checksum, record);
    range.offsets.end = Offset(record.offset.value + 1);
    ++range.records;
    ++records_;
    range.bytes += record.key.size() + record.value.size();
    bytes_ += record.key.size() + record.value.size();
    if (!range.timestamps.empty() && range.timestamps.back().first == record.timestamp_ms)
      ++range.timestamps.back().second;
    else
      range.timestamps.emplace_back(record.timestamp_ms, 1);
    if (range.timestamps.size() == kTimestampsMax) coarsen(range.timestamps);
    ++progress.records;
    if (topic.decoder.asked() - asked >= step) break;
  }
  return progress;
}

void EpochRows::transform(Topic& topic, columns::Block& rows, CollectedRange& range, const RecordRun& run, size_t first_row) {
  const auto begin = std::chrono::steady_clock::now();
  const RowTransform::Outcome& outcome = memory_->transform().run(*topic.rules, rows, first_row);
  range.dropped += static_cast<uint32_t>(outcome.dropped);
  for (const RowRejection& rejection : outcome.rejections) {
    const uint32_t record = records_of_rows_[rejection.row];
    const auto frame = read_frame(run.records[record].value, run.records[record].null_value);
    reject(run, record, {DecodeAttempt::Kind::kRejected, rejection.rejection, false, frame ? std::optional(*frame) : std::nullopt});
  }
  for (const RaisedAlert& raised : outcome.alerts) raise(range, run, records_of_rows_[raised.row], raised);
  for (const MeteredValue& metered : outcome.metered) {
    const int64_t time_ms =
        metered.event_time_ms.value_or(std::clamp(run.records[records_of_rows_[metered.row]].timestamp_ms, kBillableFirstMs, kBillableEndMs - 1));
    const bool added = range.usage.add(metered.tenant, *metered.rule.rule, time_ms, {metered.value, metered.scale});
    MILLRACE_CHECK(added, "sums of an epoch have room for its values");
  }
  EpochMemory::RuleFigures& figures = memory_->figures();
  for (const RowTransform::TenantFates& each : outcome.by_tenant) {
    TenantRows& all = figures.tenants[each.tenant == kNoTenant ? "" : topic.rules->tenant(each.tenant).name];
    all.delivered += each.delivered, all.dropped += each.dropped, all.rejected += each.rejected;
  }
  figures.alerts += outcome.alerts.size(), figures.metered += outcome.metered.size();
  figures.time += std::chrono::steady_clock::now() - begin;
}

void EpochRows::reject(const RecordRun& run, size_t index, DecodeAttempt&& attempt) {
  const Record& record = run.records[index];
  RejectedRecord rejected;
  rejected.source = run.partition;
  rejected.offset = record.offset;
  rejected.timestamp_ms = record.timestamp_ms;
  rejected.key = record.key;
  rejected.value = record.value;
  rejected.null_key = record.key.data() == nullptr;
  rejected.null_value = record.null_value;
  rejected.headers = run.batch->headers(run.first + index);
  rejected.schema = attempt.schema;
  rejected.rejection = std::move(attempt.rejection);
  rejected.attempts = attempt.attempts;
  ranges_.at(run.partition).rejected_bytes += record.key.size() + record.value.size();
  rejected_.push_back(std::move(rejected));
}

void EpochRows::raise(CollectedRange& range, const RecordRun& run, size_t index, const RaisedAlert& raised) {
  const Record& record = run.records[index];
  const CompiledRule& rule = *raised.rule.rule;
  AlertContent content;
  content.topic = run.partition.topic, content.partition = run.partition.partition, content.offset = record.offset;
  content.tenant = raised.tenant, content.rule = rule.name, content.severity = rule.severity;
  content.title = raised.title, content.key = raised.key;
  for (size_t i = 0; i < raised.fields.size(); ++i) content.fields.emplace_back(rule.fields[i].first, raised.fields[i]);
  content.event_time_ms = raised.event_time_ms.value_or(record.timestamp_ms);
  const auto headers = run.batch->headers(run.first + index);
  const auto trace = std::ranges::find(headers, "traceparent", &kafka::Header::name);
  if (trace != headers.end()) content.traceparent = trace->value;
  content.catalog = catalog_->hash();
  const Alert& alert = range.alerts.emplace_back(content);
  range.alert_bytes += alert.bytes();
  alert_bytes_ += alert.bytes();
}

// ---- putting aside

Status EpochRows::put_aside(TopicRows& rows) const {
  const auto piece = spool_->add(rows.rows);
  if (!piece) return std::unexpected(piece.error());
  SpooledRows& before = rows.before;
  before.spool = spool_;
  before.pieces.push_back(*piece);
  before.rows += piece->rows;
  const int column = rows.rows.find(memory_->spool()->time_column);
  if (column >= 0 && has_event_time(rows.rows.column(static_cast<size_t>(column)).type()))
    if (const auto span = time_span(rows.rows.column(static_cast<size_t>(column))))
      before.event_time_ms =
          before.event_time_ms ? std::pair(std::min(before.event_time_ms->first, span->first), std::max(before.event_time_ms->second, span->second)) : *span;
  rows.rows.clear();
  return {};
}

Status EpochRows::make_room() {
  if (!memory_->spool() || bytes_ < looked_at_bytes_ + kLookEvery) return {};
  size_t held = 0;
  for (const auto& [name, topic] : topics_)
    for (const auto& [partition, part] : topic.parts) held += part.rows.bytes();
  const SpoolSettings& spool = *memory_->spool();
  if (held >= spool.bytes_in_memory || bytes_in_memory() >= spool.record_bytes_in_memory || records_in_memory() >= spool.records_in_memory) {
    if (!spool_) spool_ = std::make_shared<RowSpool>(memory_->spool()->folder);
    for (auto& [name, topic] : topics_)
      for (auto& [partition, part] : topic.parts)
        if (part.rows.rows() > 0) {
          if (const Status aside = put_aside(part); !aside) return aside;
          // What it has grown to isn't kept for every partition.
          if (part.rows.memory() > spool.bytes_in_memory / (4 * topic.parts.size())) part.rows = columns::Block(catalog_->find(name)->columns);
        }
    records_aside_ = records_, bytes_aside_ = 0;
    for (auto& [name, range] : ranges_) range.records_aside = range.records, bytes_aside_ += range.bytes_aside = range.bytes - range.rejected_bytes;
  }
  looked_at_bytes_ = bytes_;
  return {};
}

// ---- taking apart

void EpochRows::drop(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& name : partitions) {
    const auto range = ranges_.find(name);
    if (range == ranges_.end()) continue;
    records_ -= range->second.records;
    bytes_ -= range->second.bytes;
    alert_bytes_ -= range->second.alert_bytes;
    records_aside_ -= range->second.records_aside, bytes_aside_ -= range->second.bytes_aside;
    std::erase_if(rejected_, [&](const RejectedRecord& rejected) { return rejected.source == name; });
    ranges_.erase(range);
    const auto topic = topics_.find(name.topic);
    if (topic == topics_.end()) continue;
    if (const auto part = topic->second.parts.find(name.partition); part != topic->second.parts.end()) {
      memory_->give_back(name.topic, std::move(part->second.rows));
      topic->second.parts.erase(part);
    }
    const auto all = topic->second.parts.find(kAllPartitions);
    if (all == topic->second.parts.end()) continue;
    columns::Block& rows = all->second.rows;
    const columns::Column& column = rows.column(topic->second.decoder.reader().columns.size());
    std::vector<uint8_t> mask(rows.rows());
    for (size_t row = 0; row < mask.size(); ++row) mask[row] = column.value<int32_t>(row) != name.partition.value;
    rows.keep(mask);
  }
  looked_at_bytes_ = 0;
}

columns::Block EpochRows::left_out() const {
  using columns::Kind;
  columns::Block block({{"_topic", columns::low_cardinality(columns::simple(Kind::kString))},
                        {"_partition", columns::simple(Kind::kInt32)},
                        {"begin", columns::simple(Kind::kInt64)},
                        {"end", columns::simple(Kind::kInt64)},
                        {"left_out", columns::simple(Kind::kUInt32)}});
  for (const auto& [name, range] : ranges_) {
    if (range.dropped == 0) continue;
    block.column(0).append_text(name.topic);
    block.column(1).append(name.partition.value);
    block.column(2).append(range.offsets.begin.value);
    block.column(3).append(range.offsets.end.value);
    block.column(4).append(range.dropped);
    block.end_row();
  }
  return block;
}

std::vector<TopicRows> EpochRows::take_rows() {
  std::vector<TopicRows> all;
  for (auto& [name, topic] : topics_) {
    for (auto& [partition, part] : topic.parts) {
      if (part.rows.rows() + part.before.rows > 0)
        all.push_back(std::move(part));
      else
        memory_->give_back(name, std::move(part.rows));
    }
  }
  topics_.clear();
  return all;
}

}  // namespace millrace::pipeline

#include "pipeline/decode/epoch_rows.h"

#include <algorithm>

#include "pipeline/decode/frame.h"
#include "pipeline/decode/range_checksum.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

// ---- blocks

columns::Block BlockPool::take(const Catalog::Reader& reader) {
  std::vector<columns::NamedType> wanted = reader.columns;
  wanted.push_back({"_partition", columns::simple(columns::Kind::kInt32)});
  wanted.push_back({"_offset", columns::simple(columns::Kind::kInt64)});
  wanted.push_back({"_schema_id", columns::simple(columns::Kind::kInt32)});
  auto& spare = blocks_[reader.topic];
  while (!spare.empty()) {
    columns::Block block = std::move(spare.back());
    spare.pop_back();
    bool same = block.column_count() == wanted.size();
    for (size_t i = 0; same && i < wanted.size(); ++i) same = block.name(i) == wanted[i].name && block.column(i).type() == wanted[i].type;
    if (same) return block;
  }
  return columns::Block(std::move(wanted));
}

void BlockPool::give_back(const std::string& topic, columns::Block block) {
  block.clear();
  auto& spare = blocks_[topic];
  if (spare.size() < 3) spare.push_back(std::move(block));
}

// ---- collecting

EpochRows::EpochRows(CatalogPtr catalog, SchemaCache& schemas, BlockPool& pool, GivenUpPolicy policy)
    : catalog_(std::move(catalog)), schemas_(&schemas), pool_(&pool), policy_(policy) {}

void EpochRows::begin_range(const TopicPartition& partition, Offset begin, std::vector<std::pair<Offset, RejectionCode>> given_up) {
  CollectedRange range;
  range.partition = partition;
  range.offsets = {begin, begin};
  range.given_up = std::move(given_up);
  ranges_.insert_or_assign(partition, std::move(range));
}

EpochRows::Topic& EpochRows::topic_of(const std::string& name) {
  Topic& topic = topics_[name];
  if (topic.reader == nullptr) {
    topic.reader = catalog_->find(name);
    MILLRACE_CHECK(topic.reader != nullptr, "records of a topic that the catalog doesn't know: " + name);
    topic.rows = pool_->take(*topic.reader);
  }
  return topic;
}

EpochRows::Progress EpochRows::append(const RecordRun& run, size_t given_up_max, milliseconds schema_patience, milliseconds step) {
  CollectedRange& range = ranges_.at(run.partition);
  Topic& topic = topic_of(run.partition.topic);
  const size_t columns = topic.reader->columns.size();
  columns::Column &partitions = topic.rows.column(columns), &offsets = topic.rows.column(columns + 1), &schema_ids = topic.rows.column(columns + 2);
  Progress progress;
  const auto asked = asked_;
  for (const Record& record : run.records) {
    const auto given =
        policy_ == GivenUpPolicy::kAsGiven ? std::ranges::find(range.given_up, record.offset, &std::pair<Offset, RejectionCode>::first) : range.given_up.end();
    Attempt attempt;
    if (given != range.given_up.end()) {
      const auto frame = read_frame(record.value, record.null_value);
      attempt = {Attempt::Kind::kRejected,
                 {given->second, Stage::kSchema, -1, "given up when its epoch was planned: " + std::string(name(given->second))},
                 true,
                 frame ? std::optional(*frame) : std::nullopt};
    } else {
      attempt = decode(topic, record, schema_patience);
    }
    if (attempt.kind == Attempt::Kind::kAwaited) {
      progress.why = Progress::Why::kSchemaAwaited;
      progress.reason = std::move(attempt.rejection.reason);
      return progress;
    }
    if (attempt.kind == Attempt::Kind::kRow) [[likely]] {
      partitions.append(run.partition.partition.value);
      offsets.append(record.offset.value);
      schema_ids.append(topic.schema.value);
      topic.rows.end_row();
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
    ++progress.records;
    if (asked_ - asked >= step) break;
  }
  return progress;
}

EpochRows::Attempt EpochRows::decode(Topic& topic, const Record& record, milliseconds schema_patience) {
  Attempt attempt;
  const auto frame = read_frame(record.value, record.null_value);
  if (!frame) return {Attempt::Kind::kRejected, frame.error()};
  if (*frame != topic.schema && !find_program(topic, *frame, schema_patience, attempt)) return attempt;
  auto decoded = topic.program->append(record.value, kFrameBytes, topic.rows);
  if (decoded) [[likely]]
    return attempt;
  // Set apart and tried again by itself: a fault that isn't the record's (memory, a bug that depends on its neighbours) shows here.
  for (; attempt.attempts <= kDecodeRetries; ++attempt.attempts) {
    decoded = topic.program->append(record.value, kFrameBytes, topic.rows);
    if (decoded) return attempt;
  }
  attempt.kind = Attempt::Kind::kRejected;
  attempt.rejection = std::move(decoded.error());
  attempt.schema = *frame;
  return attempt;
}

// Sets the topic's program, or says why there is none.
bool EpochRows::find_program(Topic& topic, SchemaId id, milliseconds patience, Attempt& attempt) {
  const auto before = std::chrono::steady_clock::now();
  const SchemaAnswer answer = schemas_->find(id, patience);
  asked_ += std::chrono::steady_clock::now() - before;
  attempt.schema = id;
  switch (answer.state) {
    case SchemaAnswer::State::kFound: break;
    case SchemaAnswer::State::kUnreachable:
      attempt.kind = Attempt::Kind::kAwaited;
      attempt.rejection.reason = "schema " + std::to_string(id.value) + ": " + answer.reason;
      return false;
    case SchemaAnswer::State::kMissing:
      if (policy_ == GivenUpPolicy::kAsGiven) {  // it was there when the plan was made
        attempt.kind = Attempt::Kind::kAwaited;
        attempt.rejection.reason = answer.reason + ", but it had one when this epoch was planned: restore it";
        return false;
      }
      attempt = {Attempt::Kind::kRejected, {RejectionCode::kUnknownSchema, Stage::kSchema, 1, answer.reason}, true, id, kDecodeRetries + 1};
      return false;
    case SchemaAnswer::State::kInvalid:
      attempt = {Attempt::Kind::kRejected,
                 {RejectionCode::kIncompatibleSchema, Stage::kSchema, 1, "schema " + std::to_string(id.value) + ": " + answer.reason},
                 false,
                 id};
      return false;
  }
  auto program = catalog_->program(*topic.reader, id, *answer.schema);
  if (!program) {
    attempt = {Attempt::Kind::kRejected, program.error(), false, id};
    return false;
  }
  topic.schema = id;
  topic.program = std::move(*program);
  return true;
}

void EpochRows::reject(const RecordRun& run, size_t index, Attempt&& attempt) {
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
  rejected_.push_back(std::move(rejected));
}

// ---- taking apart

void EpochRows::drop(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& name : partitions) {
    const auto range = ranges_.find(name);
    if (range == ranges_.end()) continue;
    records_ -= range->second.records;
    bytes_ -= range->second.bytes;
    ranges_.erase(range);
    std::erase_if(rejected_, [&](const RejectedRecord& rejected) { return rejected.source == name; });
    const auto topic = topics_.find(name.topic);
    if (topic == topics_.end()) continue;
    columns::Block& rows = topic->second.rows;
    const columns::Column& column = rows.column(topic->second.reader->columns.size());
    std::vector<uint8_t> mask(rows.rows());
    for (size_t row = 0; row < mask.size(); ++row) mask[row] = column.value<int32_t>(row) != name.partition.value;
    rows.keep(mask);
  }
}

std::vector<TopicRows> EpochRows::take_rows() {
  std::vector<TopicRows> all;
  for (auto& [name, topic] : topics_) {
    if (topic.rows.rows() > 0)
      all.push_back({name, std::move(topic.rows)});
    else
      pool_->give_back(name, std::move(topic.rows));
  }
  topics_.clear();
  return all;
}

}  // namespace millrace::pipeline

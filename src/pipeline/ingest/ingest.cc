#include "pipeline/ingest/ingest.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace millrace::pipeline {

using kafka::milliseconds;

namespace {
constexpr milliseconds kPauseAfter{500};  // less, and what librdkafka has prefetched would be fetched twice at every slow insert
constexpr milliseconds kNap{2};
constexpr size_t kSpareMax = 4;
constexpr size_t kRecordBytes = 96;  // what a record that waits takes beside its key and value: views, and its share of the batch
}  // namespace

Result<Ingest> Ingest::create(const IngestSettings& settings, metrics::Registry& metrics) {
  auto consumer = kafka::Consumer::create(settings.consumer);
  if (!consumer) return std::unexpected(consumer.error());
  if (auto subscribed = consumer->subscribe(settings.topics); !subscribed) return std::unexpected(subscribed.error());
  return Ingest(settings, metrics, std::move(*consumer));
}

Ingest::Ingest(const IngestSettings& settings, metrics::Registry& metrics, kafka::Consumer consumer)
    : settings_(settings), metrics_(metrics), consumer_(std::move(consumer)) {}

bool Ingest::too_much(const InFlightUsage& usage) const {
  const size_t records = usage.records + waiting_.records, bytes = usage.bytes + waiting_.bytes + waiting_.records * kRecordBytes;
  const auto mark = [this](size_t most) { return full_since_ ? most / 4 * 3 : most; };
  return records >= mark(settings_.in_flight_records_max) || bytes >= mark(settings_.in_flight_bytes_max);
}

void Ingest::poll(milliseconds timeout, InFlightUsage usage) {
  const auto now = Clock::now();
  if (!too_much(usage)) {
    full_since_.reset();
    if (paused_) pause(false);
  } else if (!full_since_) {
    full_since_ = now;
  } else if (!paused_ && now - *full_since_ >= kPauseAfter) {
    pause(true);
  }
  if (full_since_ && !paused_) return std::this_thread::sleep_for(std::min(timeout, kNap));
  RecordBatch batch;
  if (!spare_.empty()) batch = std::move(spare_.back()), spare_.pop_back();
  consumer_.consume(batch, settings_.poll_records_max, timeout);
  take_in(std::move(batch));
}

void Ingest::take_in(RecordBatch&& batch) {
  ++number_;
  count_errors(batch);
  for (const auto& error : batch.partition_errors()) partition_errors_.push_back(error);
  if (batch.records().empty()) return spare(std::move(batch));
  waiting_.records += batch.records().size();
  waiting_.bytes += batch.bytes();
  batches_.push_back({std::move(batch), number_, 0});
}

void Ingest::spare(RecordBatch&& batch) {
  batch.clear();
  if (spare_.size() < kSpareMax) spare_.push_back(std::move(batch));
}

void Ingest::count_errors(const RecordBatch& batch) {
  for (const Error& error : batch.errors()) {
    metrics_.counter("millrace_kafka_errors_total", {{"code", std::to_string(error.code)}}).add();
    log::warn("{}", error.message);
  }
}

void Ingest::pause(bool on) {
  std::vector<TopicPartition> names;
  for (const auto& [name, reading] : reading_) names.push_back(name);
  if (auto done = on ? consumer_.pause(names) : consumer_.resume(names); !done) return log::warn("{}", done.error().message);
  paused_ = on;
}

void Ingest::start_reading(const TopicPartition& partition, Offset begin) {
  Status done = assigned_.insert(partition).second ? consumer_.assign({{partition, begin}}) : consumer_.seek({{partition, begin}});
  // Also one that is new in the assignment: librdkafka remembers that it was paused when it was here before.
  if (done) done = consumer_.resume({partition});
  if (!done) {
    partition_errors_.push_back({partition, done.error()});
    partition_errors_.back().error.retry = Retry::kPermanent;  // whatever it was: nothing will come of it by itself
  }
  if (paused_) (void)consumer_.pause({partition});
  reading_[partition] = {number_ + 1, begin};
}

void Ingest::stop_reading(const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartition> names;
  for (const auto& name : partitions)
    if (reading_.erase(name) > 0 && assigned_.contains(name)) names.push_back(name);
  if (names.empty()) return;
  if (auto paused = consumer_.pause(names); !paused) log::warn("{}", paused.error().message);
}

bool Ingest::reading(const TopicPartition& partition) const { return reading_.contains(partition); }

void Ingest::accept_assignment() {
  if (auto done = consumer_.assign({}); !done) log::warn("{}", done.error().message);
}

void Ingest::release(const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartition> names;
  for (const auto& name : partitions) {
    reading_.erase(name);
    if (assigned_.erase(name) > 0) names.push_back(name);
  }
  if (auto done = consumer_.unassign(names); !done) log::warn("{}", done.error().message);
}

std::optional<RecordRun> Ingest::front() {
  while (!batches_.empty()) {
    Waiting& waiting = batches_.front();
    const auto records = waiting.batch.records();
    if (waiting.at == records.size()) {
      spare(std::move(waiting.batch));
      batches_.pop_front();
      continue;
    }
    const Record& first = records[waiting.at];
    size_t end = waiting.at + 1;
    while (end < records.size() && records[end].partition == first.partition && records[end].topic == first.topic) ++end;
    RecordRun run{{consumer_.topic_name(first.topic), first.partition}, records.subspan(waiting.at, end - waiting.at), &waiting.batch, waiting.at};
    const auto reading = reading_.find(run.partition);
    if (reading == reading_.end() || reading->second.since > waiting.number) {
      pop(run.records.size());
      continue;
    }
    size_t old = 0;  // below where reading began, or handed out already
    while (old < run.records.size() && run.records[old].offset < reading->second.next) ++old;
    if (old == 0) return run;
    pop(old);
  }
  return std::nullopt;
}

void Ingest::pop(size_t records) {
  Waiting& waiting = batches_.front();
  const auto taken = waiting.batch.records().subspan(waiting.at, records);
  if (taken.empty()) return;
  size_t bytes = 0;
  for (const Record& record : taken) bytes += record.key.size() + record.value.size();
  waiting.at += records;
  waiting_.records -= records;
  waiting_.bytes -= bytes;
  const auto reading = reading_.find({consumer_.topic_name(taken.back().topic), taken.back().partition});
  if (reading != reading_.end() && reading->second.since <= waiting.number && reading->second.next <= taken.back().offset)
    reading->second.next = Offset(taken.back().offset.value + 1);
}

}  // namespace millrace::pipeline

#include "pipeline/lane/plan_rebuild.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {
constexpr milliseconds kRebuildAgain{500};
}  // namespace

PlanRebuild::PlanRebuild(PlanPtr plan, EpochRows rows, kafka::KafkaProperties kafka)
    : plan_(std::move(plan)), rows_(std::move(rows)), kafka_(std::move(kafka)) {
  for (size_t i = 0; i < plan_->ranges.size(); ++i) {
    const PlanRange& range = plan_->ranges[i];
    std::vector<std::pair<Offset, RejectionCode>> given_up;
    for (const GivenUp& given : plan_->given_up)
      if (given.range == i) given_up.emplace_back(given.offset, given.code);
    rows_.begin_range(range.partition, range.offsets.begin, std::move(given_up));
    next_[range.partition] = range.offsets.begin;
  }
}

PlanRebuild::State PlanRebuild::refuse(std::string reason) {
  reason_ = std::move(reason);
  return State::kRefused;
}

// Begins again where it stands, after a while.
PlanRebuild::State PlanRebuild::wait(std::string reason) {
  reason_ = std::move(reason);
  again_ = Clock::now() + kRebuildAgain;
  return State::kWaiting;
}

PlanRebuild::State PlanRebuild::step(milliseconds timeout) {
  if (Clock::now() < again_) return State::kWaiting;
  if (const Status room = rows_.make_room(); !room) return wait(room.error().message);
  if (!reader_) {
    auto reader = kafka::Reader::create({.kafka = kafka_, .group = {}});
    if (!reader) return wait(reader.error().message);
    if (auto assigned = reader->assign({next_.begin(), next_.end()}); !assigned) return wait(assigned.error().message);
    reader_ = std::move(*reader);
  }
  reader_->consume(batch_, 10'000, timeout);
  const State state = take(batch_);
  batch_.clear();  // before its reader goes
  if (state != State::kGoingOn) reader_.reset();
  return state;
}

PlanRebuild::State PlanRebuild::take(const RecordBatch& batch) {
  for (const auto& error : batch.partition_errors()) {
    if (error.error.retry == Retry::kPermanent)
      return refuse(to_string(error.partition) + ": " + error.error.message + ": the plan's records can't be read again");
    return wait(error.error.message);
  }
  const auto records = batch.records();
  for (size_t at = 0; at < records.size();) {
    size_t end = at + 1;
    while (end < records.size() && records[end].partition == records[at].partition && records[end].topic == records[at].topic) ++end;
    const State state = take_run({{reader_->topic_name(records[at].topic), records[at].partition}, records.subspan(at, end - at), &batch, at});
    if (state != State::kGoingOn) return state;
    at = end;
  }
  for (const auto& end : batch.ends()) {
    const auto at = next_.find(end.partition);
    if (at == next_.end()) continue;
    if (end.offset >= plan_->find(end.partition)->offsets.end)
      next_.erase(at);
    else if (at->second > end.offset)
      return refuse(to_string(end.partition) + " ends at offset " + std::to_string(end.offset.value) + ", before the plan's range: the log was cut");
  }
  return next_.empty() ? finished() : State::kGoingOn;
}

PlanRebuild::State PlanRebuild::take_run(const RecordRun& run) {
  const auto at = next_.find(run.partition);
  if (at == next_.end()) return State::kGoingOn;  // behind the range
  const Offset end = plan_->find(run.partition)->offsets.end;
  size_t first = 0, last = 0;
  while (first < run.records.size() && run.records[first].offset < at->second) ++first;
  for (last = first; last < run.records.size() && run.records[last].offset < end;) ++last;
  if (last > first) {
    const RecordRun inside{run.partition, run.records.subspan(first, last - first), run.batch, run.first + first};
    const auto progress = rows_.append(inside, 0, milliseconds(200));
    if (progress.records > 0) at->second = Offset(inside.records[progress.records - 1].offset.value + 1);
    if (progress.why != EpochRows::Progress::Why::kAll) return wait(progress.reason);
  }
  if (at->second >= end || last < run.records.size()) next_.erase(at);
  return State::kGoingOn;
}

PlanRebuild::State PlanRebuild::finished() {
  for (const PlanRange& range : plan_->ranges) {
    const CollectedRange& read = rows_.ranges().at(range.partition);
    if (read.records == range.records && read.checksum == range.checksum) continue;
    return refuse(to_string(range.partition) + ", offsets " + std::to_string(range.offsets.begin.value) + " to " + std::to_string(range.offsets.end.value) +
                  ": " + std::to_string(read.records) + " records are there now, where " + std::to_string(range.records) + " were planned" +
                  (read.records == range.records ? ", but not the same ones" : "") + ": the log is no longer what it was");
  }
  return State::kDone;
}

}  // namespace millrace::pipeline

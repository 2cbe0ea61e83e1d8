#include "tools/operate/plan_records.h"

#include <algorithm>
#include <map>

#include "clients/kafka/reader.h"
#include "pipeline/decode/frame.h"
#include "pipeline/decode/range_checksum.h"
#include "tools/operate/partition_state.h"

namespace millrace::operate {

using pipeline::PlanRange;
using pipeline::RejectedRecord;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr milliseconds kAsk{10'000}, kTurn{200};

class RangeReader {
 public:
  RangeReader(kafka::Reader& reader, Rejection rejection, int attempts) : reader_(reader), rejection_(std::move(rejection)), attempts_(attempts) {}

  // Registers the range, as far as the log still has it.
  Status add(const PlanRange& range) {
    const auto marks = reader_.watermarks(range.partition, kAsk);
    if (!marks) return std::unexpected(marks.error());
    all_[range.partition] = {{range, {}, false}, 0};
    const Offset begin = std::max(range.offsets.begin, marks->low);
    if (begin < std::min(range.offsets.end, marks->high)) left_[range.partition] = begin;
    return {};
  }

  Status read(milliseconds silence) {
    if (left_.empty()) return {};
    if (auto assigned = reader_.assign({left_.begin(), left_.end()}); !assigned) return assigned;
    kafka::MessageBatch batch;
    auto until = Clock::now() + silence;
    while (!left_.empty()) {
      reader_.consume(batch, 10'000, kTurn);
      if (!batch.partition_errors().empty()) return std::unexpected(batch.partition_errors().front().error);
      if (!batch.records().empty() || !batch.ends().empty())
        until = Clock::now() + silence;
      else if (Clock::now() > until)
        return transient(to_string(left_.begin()->first) + " can't be read: the broker has given nothing for " + std::to_string(silence.count() / 1000) + " s");
      for (size_t i = 0; i < batch.records().size(); ++i) take(batch, i);
      for (const auto& end : batch.ends()) left_.erase(end.partition);  // nothing more is there
    }
    return {};
  }

  std::vector<RangeRecords> finish() {
    std::vector<RangeRecords> done;
    for (auto& [partition, found] : all_) {
      auto& [records, checksum] = found;
      records.as_planned = records.records.size() == records.range.records && checksum == records.range.checksum;
      done.push_back(std::move(records));
    }
    return done;
  }

 private:
  void take(const kafka::MessageBatch& batch, size_t index) {
    const kafka::RecordRef& record = batch.records()[index];
    const TopicPartition source{reader_.topic_name(record.topic), record.partition};
    const auto at = left_.find(source);
    if (at == left_.end()) return;
    auto& [found, checksum] = all_.at(source);
    if (record.offset >= found.range.offsets.end) return void(left_.erase(at));
    if (record.offset < found.range.offsets.begin) return;
    checksum = pipeline::range_checksum(checksum, record);
    RejectedRecord letter;
    letter.source = source;
    letter.offset = record.offset;
    letter.timestamp_ms = record.timestamp_ms;
    letter.key = record.key;
    letter.value = record.value;
    letter.null_key = record.key.data() == nullptr;
    letter.null_value = record.null_value;
    letter.headers = batch.headers(index);
    if (const auto schema = pipeline::read_frame(record.value, record.null_value)) letter.schema = *schema;
    letter.rejection = rejection_;
    letter.attempts = attempts_;
    found.records.push_back(std::move(letter));
  }

  kafka::Reader& reader_;
  Rejection rejection_;
  int attempts_;
  std::map<TopicPartition, std::pair<RangeRecords, uint64_t>> all_;  // with the checksum so far
  std::map<TopicPartition, Offset> left_;
};

}  // namespace

Result<std::vector<RangeRecords>> read_ranges(const kafka::KafkaProperties& kafka, const pipeline::Plan& plan, const std::vector<PlanRange>& ranges,
                                              const std::string& reason, int attempts, milliseconds silence) {
  auto reader = kafka::Reader::create({.kafka = kafka, .group = {}});
  if (!reader) return std::unexpected(reader.error());
  RangeReader all(*reader, {RejectionCode::kAbandoned, Stage::kPlan, -1, "plan " + to_string(plan.id.value) + " was abandoned: " + reason}, attempts);
  for (const PlanRange& range : ranges)
    if (auto added = all.add(range); !added) return std::unexpected(added.error());
  if (auto read = all.read(silence); !read) return std::unexpected(read.error());
  return all.finish();
}

}  // namespace millrace::operate

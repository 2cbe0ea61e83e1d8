// The commits of the lane's protocol core: what is in them, and what their answers mean.
#include <algorithm>
#include <utility>

#include "pipeline/commit/lane_protocol.h"

namespace millrace::pipeline {
namespace {

constexpr std::chrono::milliseconds kRefusedAgain{20}, kRefusedAgainMost{640};

}  // namespace

action::Commit::Entry LaneProtocol::entry(const TopicPartition& name, TopicId topic, Offset offset, PlanPtr plan, int adoptions, bool stopped) const {
  return {name, offset, encode({offset, topic, static_cast<uint8_t>(std::min(adoptions, 255)), stopped, std::move(plan)})};
}

void LaneProtocol::commit(Purpose purpose, std::vector<action::Commit::Entry> offsets, PlanPtr lands, std::vector<TopicPartition> landing, PlanPtr announces) {
  action::Commit request{++numbers_, std::move(offsets), std::move(lands), std::move(landing)};
  emit(request);
  commit_ = UnderWay{request.number, purpose, std::move(request), std::move(announces)};
}

// The same offset and plan again, with another mark.
void LaneProtocol::commit_mark(Purpose purpose, const std::vector<TopicPartition>& partitions, int adoptions, bool stopped) {
  std::vector<action::Commit::Entry> entries;
  for (const auto& name : partitions)
    if (const PlanRange* range = in_flight_->plan->find(name))
      entries.push_back(entry(name, range->topic_id, range->offsets.begin, in_flight_->plan, adoptions, stopped));
  commit(purpose, std::move(entries), nullptr, {}, nullptr);
}

// The end of the plan in flight, and the next one with it.
void LaneProtocol::commit_finish() {
  std::vector<action::Commit::Entry> entries;
  PlanPtr lands;
  std::vector<TopicPartition> landing;
  if (in_flight_) {
    lands = in_flight_->plan;
    landing = in_flight_->mine;
    for (const auto& name : landing) {
      const PlanRange& range = *lands->find(name);
      entries.push_back(entry(name, range.topic_id, range.offsets.end, next_ && next_->find(name) ? next_ : nullptr));
    }
  }
  if (next_)
    for (const PlanRange& range : next_->ranges)
      if (!contains(landing, range.partition)) entries.push_back(entry(range.partition, range.topic_id, range.offsets.begin, next_));
  const Purpose purpose = in_flight_ ? Purpose::kFinish : Purpose::kPlan;
  commit(purpose, std::move(entries), std::move(lands), std::move(landing), std::exchange(next_, nullptr));
}

void LaneProtocol::committed(uint64_t number, CommitAnswer answer) {
  if (!commit_ || commit_->number != number) return;
  const UnderWay done = *std::exchange(commit_, std::nullopt);
  if (answer == CommitAnswer::kUnknown && !guards_.no_answer_is_no_yes) answer = CommitAnswer::kYes;
  if (answer == CommitAnswer::kUnknown && !guards_.no_answer_is_no_no) answer = CommitAnswer::kRefused;
  if (answer != CommitAnswer::kYes && done.announces) next_ = done.announces;  // closed, and not committed; otherwise another may wait
  if (answer != CommitAnswer::kRefused) refused_again_ = kRefusedAgain;
  if (answer == CommitAnswer::kYes) {
    landed(done);
  } else if (answer == CommitAnswer::kUnknown) {
    forget_everything();
  } else {
    std::vector<TopicPartition> gone;
    if (next_)
      for (const PlanRange& r : next_->ranges)
        if (find(r.partition) == nullptr || find(r.partition)->leaving) gone.push_back(r.partition);
    drop_collected(gone);
    waiting_ = ++numbers_;
    emit(action::Wait{waiting_, refused_again_});
    refused_again_ = std::min(2 * refused_again_, kRefusedAgainMost);
  }
  step();
}

void LaneProtocol::waited(uint64_t number) {
  if (number == waiting_) waiting_ = 0;
  step();
}

void LaneProtocol::landed(const UnderWay& done) {
  switch (done.purpose) {
    case Purpose::kBeginning:
      for (const auto& e : done.request.offsets)
        if (Partition* p = find(e.partition)) ready(e.partition, *p);
      return;
    case Purpose::kAdoption:
      for (const auto& e : done.request.offsets)
        if (Partition* p = find(e.partition)) ++p->adoptions;
      in_flight_->stage = Stage::kRebuilding;
      return emit(action::RebuildPlan{in_flight_->plan});
    case Purpose::kRebuilt: in_flight_->stage = Stage::kWriting; return emit(action::WritePlan{in_flight_->plan, false});
    case Purpose::kRefused: {
      const InFlight refused = *std::exchange(in_flight_, std::nullopt);
      emit(action::CancelPlan{refused.plan});
      drop_collected(refused.mine);
      const std::string why = "plan " + to_string(refused.plan->id.value) + " can't be completed: " + std::exchange(refusal_, {});
      for (const auto& name : refused.mine)
        if (Partition* p = find(name)) stop(name, *p, why);
      return;
    }
    case Purpose::kPlan:
    case Purpose::kFinish: break;
  }
  if (done.purpose == Purpose::kFinish) {
    const InFlight finished = *std::exchange(in_flight_, std::nullopt);
    for (const auto& name : finished.mine)
      if (Partition* p = find(name)) {
        p->position = finished.plan->find(name)->offsets.end;
        p->adoptions = 0;
        if (!finished.fresh) ready(name, *p);
      }
  }
  if (done.announces) {
    in_flight_ = InFlight{done.announces, true, Stage::kWriting, {}};
    for (const PlanRange& range : done.announces->ranges) in_flight_->mine.push_back(range.partition);
    emit(action::WritePlan{in_flight_->plan, true});
  }
}

}  // namespace millrace::pipeline

#include "pipeline/commit/lane_protocol.h"

#include <algorithm>
#include <utility>

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUnstableAgain{20}, kFailedAgain{200}, kStoppedAgain{5000};

bool touches(const Plan& plan, const std::vector<TopicPartition>& names) {
  return std::ranges::any_of(names, [&](const auto& name) { return plan.find(name) != nullptr; });
}

}  // namespace

LaneProtocol::LaneProtocol(const LaneGuards& guards, uint16_t row_semantics) : guards_(guards), row_semantics_(row_semantics) { step(); }

std::vector<Action> LaneProtocol::take_actions() { return std::exchange(actions_, {}); }

bool LaneProtocol::contains(const std::vector<TopicPartition>& names, const TopicPartition& name) { return std::ranges::find(names, name) != names.end(); }

LaneProtocol::Partition* LaneProtocol::find(const TopicPartition& name) {
  const auto at = partitions_.find(name);
  return at == partitions_.end() ? nullptr : &at->second;
}
const LaneProtocol::Partition* LaneProtocol::find(const TopicPartition& name) const {
  const auto at = partitions_.find(name);
  return at == partitions_.end() ? nullptr : &at->second;
}

bool LaneProtocol::busy(const TopicPartition& name) const {
  if (in_flight_ && contains(in_flight_->mine, name)) return true;
  if (next_ && next_->find(name) != nullptr) return true;
  return commit_ && std::ranges::any_of(commit_->request.offsets, [&](const auto& e) { return e.partition == name; });
}

// ---- the group

void LaneProtocol::assigned(const std::vector<TopicPartition>& partitions) {
  for (const auto& name : partitions) partitions_.insert_or_assign(name, Partition{});
  step();
}

void LaneProtocol::revoked(const std::vector<TopicPartition>& partitions) {
  for (const auto& name : partitions)
    if (Partition* p = find(name)) p->leaving = true;
  drop_collected(partitions);
  step();
}

void LaneProtocol::lost(const std::vector<TopicPartition>& partitions) {
  const bool committing = commit_ && std::ranges::any_of(commit_->request.offsets, [&](const auto& e) { return contains(partitions, e.partition); });
  if (guards_.forget_what_moved) {
    const bool in_flight = in_flight_ && touches(*in_flight_->plan, partitions);
    if (committing || (commit_ && in_flight))
      forget_everything();  // its outcome is somebody else's business now
    else if (in_flight)
      forget_plan();
  }
  drop_collected(partitions);
  for (const auto& name : partitions) partitions_.erase(name);
  emit(action::Release{partitions});
  step();
}

void LaneProtocol::drain_deadline_passed() {
  if (!draining()) return;
  if (commit_)
    forget_everything();
  else
    forget_plan();
  step();
}

void LaneProtocol::release_what_may_go() {
  std::vector<TopicPartition> leaving;
  for (const auto& [name, p] : partitions_) {
    if (!p.leaving) continue;
    if (guards_.drain_before_release && busy(name)) return;  // a revocation is answered as a whole
    leaving.push_back(name);
  }
  if (leaving.empty()) return;
  for (const auto& name : leaving) partitions_.erase(name);
  emit(action::Release{std::move(leaving)});
}

// ---- offsets

void LaneProtocol::producer_ready() {
  producer_ready_ = true;
  step();
}

void LaneProtocol::read_offsets() {
  std::map<milliseconds, std::vector<TopicPartition>> reads;
  for (auto& [name, p] : partitions_)
    if ((p.phase == Phase::kReading || p.phase == Phase::kStopped) && p.read == 0 && !p.leaving) reads[p.after].push_back(name);
  for (auto& [after, names] : reads) {
    const uint64_t number = ++numbers_;
    for (const auto& name : names) partitions_.at(name).read = number;
    emit(action::ReadOffsets{number, std::move(names), after});
  }
}

void LaneProtocol::offsets_read(uint64_t number, const std::vector<CommittedRead>& reads) {
  for (const CommittedRead& read : reads)
    if (Partition* p = find(read.partition); p != nullptr && p->read == number && number != 0) {
      p->read = 0;
      take_up(read.partition, *p, read);
    }
  step();
}

// Why the partition can't go on from this committed offset; empty: it can.
std::string LaneProtocol::obstacle(const CommittedRead& read, const Result<CommitMetadata>& metadata) const {
  const std::string accept = "; if that is right, say `millrace offsets accept`";
  if (!metadata) return guards_.check_mark ? metadata.error().message + accept : "";
  if (guards_.check_mark && metadata->offset != read.offset)
    return "the committed offset is " + std::to_string(read.offset.value) + ", but the mark in it was made for " + std::to_string(metadata->offset.value) +
           ": the group was reset or mirrored" + accept;
  if (guards_.check_topic_id && metadata->topic_id != read.topic_id)
    return "the topic was deleted and made anew since its offset was committed (topic id " + to_string(metadata->topic_id.value) + ", now " +
           to_string(read.topic_id.value) + ")" + accept;
  if (!metadata->plan || !guards_.finish_found_plans) return "";
  const std::string plan = "plan " + to_string(metadata->plan->id.value) + " ";
  const std::string help = "; see `millrace plan show`, then `millrace plan retry` or `abandon`";
  if (metadata->stopped) return plan + "can't be completed" + help;
  if (metadata->adoptions >= kAdoptionsMax)
    return plan + "was begun " + std::to_string(metadata->adoptions) + " times in a row by workers that didn't survive making its rows" + help;
  const auto semantics = metadata->plan->row_semantics;
  if (guards_.know_row_semantics && semantics != row_semantics_ && semantics + 1 != row_semantics_)
    return plan + "waits for a binary that makes rows number " + std::to_string(semantics) + "; this one makes " + std::to_string(row_semantics_);
  if (guards_.know_catalog && !catalogs_.contains(metadata->plan->catalog))
    return plan + "waits for catalog version " + to_string(metadata->plan->catalog.value) + ", which this worker doesn't hold";
  return "";
}

void LaneProtocol::take_up(const TopicPartition& name, Partition& p, const CommittedRead& read) {
  using State = CommittedRead::State;
  p.unstable = read.state == State::kUnstable;
  if (read.state == State::kFailed) return void(p.after = std::max(p.after, kFailedAgain));
  if (read.state == State::kUnstable && guards_.stable_offsets) return void(p.after = std::max(p.after, kUnstableAgain));
  p.topic_id = read.topic_id;
  p.after = milliseconds(0);
  if (read.state == State::kNone) {
    p.phase = Phase::kResolving;
    p.read = ++numbers_;
    return emit(action::ResolveBeginning{p.read, name, p.topic_id});
  }
  const auto metadata = decode(read.metadata);
  p.position = read.offset;
  p.found = metadata && guards_.finish_found_plans ? metadata->plan : nullptr;
  p.adoptions = metadata ? metadata->adoptions : 0;
  if (std::string why = obstacle(read, metadata); !why.empty()) return stop(name, p, std::move(why));
  p.reason.clear();
  if (p.found)
    p.phase = Phase::kFound;
  else
    ready(name, p);
}

void LaneProtocol::beginning_found(uint64_t number, const TopicPartition& partition, Offset begin) {
  Partition* p = find(partition);
  if (p == nullptr || p->phase != Phase::kResolving || p->read != number) return;
  p->read = 0;
  p->position = begin;
  p->reason.clear();
  p->phase = Phase::kBeginning;
  if (!guards_.commit_beginning) ready(partition, *p);
  step();
}

bool LaneProtocol::seeks_beginning(uint64_t number, const TopicPartition& partition) const {
  const auto p = partitions_.find(partition);
  return p != partitions_.end() && p->second.phase == Phase::kResolving && p->second.read == number;
}

void LaneProtocol::beginning_refused(uint64_t number, const TopicPartition& partition, const std::string& reason) {
  Partition* p = find(partition);
  if (p == nullptr || p->phase != Phase::kResolving || p->read != number) return;
  if (!guards_.ask_sinks_at_beginning) return beginning_found(number, partition, Offset(0));
  p->read = 0;
  stop(partition, *p, reason);
  step();
}

void LaneProtocol::ready(const TopicPartition& name, Partition& p) {
  p.phase = Phase::kReady;
  p.found = nullptr;
  if (!p.leaving) emit(action::StartReading{name, p.position});
}

void LaneProtocol::stop(const TopicPartition& name, Partition& p, std::string reason) {
  const bool said = p.phase == Phase::kStopped && p.reason == reason;
  p.phase = Phase::kStopped;
  p.after = kStoppedAgain;
  p.reason = std::move(reason);
  if (!said) emit(action::Stopped{name, p.reason});
}

void LaneProtocol::reading_failed(const TopicPartition& partition, const std::string& reason) {
  if (Partition* p = find(partition); p != nullptr && p->phase == Phase::kReady) {
    p->reason = reason;
    drop_collected({partition});  // at once: it stops only when its epoch in flight is done, and nothing more may be planned for it
  }
  step();
}

void LaneProtocol::stop_what_failed() {
  for (auto& [name, p] : partitions_)
    if (p.phase == Phase::kReady && !p.reason.empty() && !busy(name)) {
      drop_collected({name});
      stop(name, p, std::exchange(p.reason, {}));
    }
}

void LaneProtocol::catalog_known(CatalogHash hash) { catalogs_.insert(hash); }

// ---- plans

void LaneProtocol::epoch_closed(PlanPtr plan) {
  MILLRACE_CHECK(wants_epoch(), "an epoch was closed while another one waits to be committed");
  MILLRACE_CHECK(!plan->ranges.empty() && plan->ranges.size() <= kPlanPartitionsMax, "a plan of " + std::to_string(plan->ranges.size()) + " partitions");
  for (const PlanRange& range : plan->ranges) {
    MILLRACE_CHECK(may_plan(range.partition), "a plan for a partition that may not be planned for: " + range.partition.topic);
    MILLRACE_CHECK(next_begin(range.partition) == range.offsets.begin && range.offsets.begin < range.offsets.end,
                   "a range that doesn't begin where the last one ended: " + range.partition.topic);
  }
  catalogs_.insert(plan->catalog);
  next_ = std::move(plan);
  step();
}

void LaneProtocol::plan_rebuilt(PlanId plan) {
  if (in_flight_ && in_flight_->plan->id == plan && in_flight_->stage == Stage::kRebuilding) in_flight_->stage = Stage::kRebuilt;
  step();
}
void LaneProtocol::plan_durable(PlanId plan) {
  if (in_flight_ && in_flight_->plan->id == plan && in_flight_->stage == Stage::kWriting) in_flight_->stage = Stage::kDurable;
  step();
}
void LaneProtocol::plan_refused(PlanId plan, const std::string& reason) {
  if (in_flight_ && in_flight_->plan->id == plan && in_flight_->stage != Stage::kDurable) refusal_ = reason;
  step();
}

// The partitions that the lane may commit for a plan found in the metadata.
std::vector<TopicPartition> LaneProtocol::mine_of(const PlanPtr& plan) const {
  std::vector<TopicPartition> mine;
  for (const PlanRange& range : plan->ranges) {
    const Partition* p = find(range.partition);
    const bool held = p != nullptr || !guards_.own_partitions_only;
    const bool still = (p != nullptr && p->phase == Phase::kFound && p->found->id == plan->id) || !guards_.still_this_plan || p == nullptr;
    if (held && still) mine.push_back(range.partition);
  }
  return mine;
}

void LaneProtocol::adopt() {
  PlanPtr plan;
  for (const auto& [name, p] : partitions_)
    if (p.phase == Phase::kFound && !p.leaving && (!plan || p.found->id < plan->id)) plan = p.found;
  if (!plan) return;
  in_flight_ = InFlight{plan, false, Stage::kAnnounced, mine_of(plan)};
}

// ---- forgetting

void LaneProtocol::drop_collected(const std::vector<TopicPartition>& partitions) {
  if (partitions.empty()) return;
  emit(action::DropCollected{partitions, std::exchange(next_, nullptr)});
}

// The plan in flight: whoever owns its partitions finds it in their metadata.
void LaneProtocol::forget_plan() {
  if (!in_flight_) return;
  const InFlight forgotten = *std::exchange(in_flight_, std::nullopt);
  refusal_.clear();
  emit(action::CancelPlan{forgotten.plan});
  drop_collected(forgotten.mine);
  for (const auto& name : forgotten.mine)
    if (Partition* p = find(name)) p->phase = Phase::kReading, p->read = 0, p->after = milliseconds(0), p->found = nullptr;
}

void LaneProtocol::forget_everything() {
  if (commit_ && commit_->announces) next_ = commit_->announces;  // to be opened again
  forget_plan();
  drop_collected(held());
  commit_.reset();
  waiting_ = 0;
  for (auto& [name, p] : partitions_) {
    const bool leaving = p.leaving;
    p = Partition{};
    p.leaving = leaving;
  }
  producer_ready_ = producer_asked_ = false;
}

// ---- what to do now

void LaneProtocol::step() {
  release_what_may_go();
  if (!producer_ready_) {  // it settles what was left behind under its id, so offsets are read only after it
    if (!std::exchange(producer_asked_, true)) emit(action::InitProducer{});
    return;
  }
  stop_what_failed();
  if (!commit_ && waiting_ == 0) {
    if (!in_flight_) step_idle();
    if (in_flight_ && !commit_) step_in_flight();
  }
  release_what_may_go();
  read_offsets();
}

void LaneProtocol::step_idle() {
  std::vector<action::Commit::Entry> beginnings;
  for (const auto& [name, p] : partitions_)
    if (p.phase == Phase::kBeginning && !p.leaving) beginnings.push_back(entry(name, p.topic_id, p.position, nullptr));
  if (!beginnings.empty()) return commit(Purpose::kBeginning, std::move(beginnings), nullptr, {}, nullptr);
  adopt();
  if (in_flight_ || !next_) return;
  if (guards_.plan_before_write) return commit_finish();
  landed(UnderWay{0, Purpose::kPlan, {}, std::exchange(next_, nullptr)});  // the mutant: written, and never announced
}

void LaneProtocol::step_in_flight() {
  if (!in_flight_->fresh) in_flight_->mine = mine_of(in_flight_->plan);
  if (in_flight_->mine.empty()) return forget_plan();
  const auto adoptions = [&] {
    int most = 0;
    for (const auto& name : in_flight_->mine)
      if (const Partition* p = find(name)) most = std::max<int>(most, p->adoptions);
    return most;
  };
  if (!refusal_.empty()) return commit_mark(Purpose::kRefused, in_flight_->mine, adoptions(), true);
  switch (in_flight_->stage) {
    case Stage::kAnnounced:
      if (guards_.count_adoptions) return commit_mark(Purpose::kAdoption, in_flight_->mine, adoptions() + 1, false);
      in_flight_->stage = Stage::kRebuilding;
      return emit(action::RebuildPlan{in_flight_->plan});
    case Stage::kRebuilt: return commit_mark(Purpose::kRebuilt, in_flight_->mine, 0, false);
    case Stage::kDurable: return commit_finish();
    case Stage::kWriting:
      if (!guards_.durable_before_commit) commit_finish();
      return;
    case Stage::kRebuilding: return;
  }
}

}  // namespace millrace::pipeline

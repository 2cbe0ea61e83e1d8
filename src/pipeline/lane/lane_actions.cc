// Carries out what the protocol core wants.
#include <algorithm>

#include "base/log.h"
#include "pipeline/lane/beginnings.h"
#include "pipeline/lane/lane.h"

namespace millrace::pipeline {

namespace {
constexpr std::chrono::milliseconds kProducerAgain{500}, kBeginningAgain{1000};
constexpr kafka::milliseconds kOffsets{5000};
constexpr std::chrono::milliseconds kSeek{200};  // of a turn, for beginnings
}  // namespace

void Lane::carry_out() {
  for (auto actions = protocol_.take_actions(); !actions.empty() && !fatal_; actions = protocol_.take_actions())
    for (const Action& act : actions) std::visit([this](const auto& a) { carry_out(a); }, act);
}

void Lane::carry_out(const action::InitProducer&) {
  if (auto ready = transactions_.init(); !ready) {
    log::warn("{}", ready.error().message);
    return later(kProducerAgain, action::InitProducer{});
  }
  protocol_.producer_ready();
}

// ---- offsets

void Lane::carry_out(const action::ReadOffsets& read) {
  if (read.after > milliseconds(0))
    later(read.after, read);
  else
    read_offsets(read);
}

void Lane::read_offsets(const action::ReadOffsets& read) {
  using State = CommittedRead::State;
  std::vector<CommittedRead> answers;
  const auto offsets = ingest_.consumer().committed(read.partitions, kOffsets);
  if (!offsets) log::warn("{}", offsets.error().message);
  std::map<std::string, std::optional<TopicId>> topic_ids;
  for (size_t i = 0; offsets && i < read.partitions.size(); ++i) {
    const auto [at, unknown] = topic_ids.try_emplace(read.partitions[i].topic);
    if (!unknown) continue;
    const auto id = context_.topic_ids.find(at->first);
    if (id)
      at->second = *id;
    else
      log::warn("{}", id.error().message);
  }
  for (size_t i = 0; i < read.partitions.size(); ++i) {
    CommittedRead answer{read.partitions[i], State::kFailed, {}, {}, {}};
    const auto& topic_id = topic_ids[answer.partition.topic];
    if (offsets && topic_id) {
      const kafka::CommittedOffset& at = (*offsets)[i];
      if (at.error && !at.unstable) log::warn("{}", at.error->message);
      answer.state = at.unstable ? State::kUnstable : at.error ? State::kFailed : at.offset ? State::kOffset : State::kNone;
      answer.offset = at.offset.value_or(Offset(0));
      answer.metadata = at.metadata;
      answer.topic_id = *topic_id;
      if (const auto metadata = decode(answer.metadata); answer.state == State::kOffset && metadata && metadata->plan)
        if (context_.catalogs.find(metadata->plan->catalog.value)) protocol_.catalog_known(metadata->plan->catalog);
    }
    answers.push_back(std::move(answer));
  }
  protocol_.offsets_read(read.number, answers);
}

// Each may block for seconds while ClickHouse hangs: then one a turn, so that the group is served between them.
void Lane::seek_beginnings() {
  const auto until = Clock::now() + kSeek;
  while (!beginnings_.empty() && Clock::now() < until) {
    const action::ResolveBeginning resolve = std::move(beginnings_.front());
    beginnings_.pop_front();
    if (protocol_.seeks_beginning(resolve.number, resolve.partition)) seek_beginning(resolve);
  }
}

void Lane::seek_beginning(const action::ResolveBeginning& resolve) {
  const auto begin = resolve_beginning(resolve.partition, resolve.topic_id, {context_.settings.start_ms}, *reader_, sinks_);
  if (begin) {
    log::info("{} begins at offset {}", to_string(resolve.partition), begin->value);
    return protocol_.beginning_found(resolve.number, resolve.partition, *begin);
  }
  if (begin.error().retry == Retry::kPermanent) return protocol_.beginning_refused(resolve.number, resolve.partition, begin.error().message);
  log::warn("{}", begin.error().message);
  later(kBeginningAgain, resolve);
}

// ---- reading

void Lane::carry_out(const action::StartReading& start) {
  stopped_.erase(start.partition);
  awaiting_schema_.erase(start.partition);
  ingest_.start_reading(start.partition, start.begin);
}

void Lane::carry_out(const action::DropCollected& drop) {
  ingest_.stop_reading(drop.partitions);
  for (const auto& name : drop.partitions) awaiting_schema_.erase(name);
  if (drop.reopened) {
    MILLRACE_CHECK(closed_ && closed_->first->id == drop.reopened->id, "what is opened again is the closed epoch");
    MILLRACE_CHECK(collecting_.empty(), "nothing is collected while a closed epoch waits for its plan's commit");
    collecting_ = std::move(closed_->second);
    closed_.reset();
    collecting_since_ = Clock::now();
  }
  collecting_.drop(drop.partitions);
  if (collecting_.empty()) return open_epoch();
  measure_budget();
}

void Lane::carry_out(const action::Release& release) {
  for (const auto& name : release.partitions) stopped_.erase(name), awaiting_schema_.erase(name);
  if (!protocol_.draining()) drain_until_.reset();
  ingest_.stop_reading(release.partitions);  // where the lane leaves, the group didn't ask for them, and is given them when the consumer closes
  if (!group_asked_in_) return;
  group_asked_in_.reset();
  ingest_.release(std::exchange(group_asks_, {}));
}

void Lane::carry_out(const action::Stopped& stopped) {
  log::error("{} stands still: {}", to_string(stopped.partition), stopped.reason);
  stopped_[stopped.partition] = stopped.reason;
}

// ---- plans

void Lane::carry_out(const action::RebuildPlan& rebuild) {
  log::info("lane {}: plan {} was begun and not finished: its rows are made again", name_, to_string(rebuild.plan->id.value));
  metrics_.adopted.add();
  for (const PlanRange& range : rebuild.plan->ranges) stopped_.erase(range.partition);
  const CatalogPtr catalog = context_.catalogs.find(rebuild.plan->catalog.value);
  MILLRACE_CHECK(catalog != nullptr, "a plan is adopted only with its catalog");
  rebuilt_ = rebuild_told_ = false;
  rebuild_.emplace(rebuild.plan, EpochRows(catalog, context_.schemas, memory_, GivenUpPolicy::kAsGiven), context_.settings.kafka);
}

void Lane::carry_out(const action::WritePlan& write) {
  if (write.fresh) {
    MILLRACE_CHECK(closed_ && closed_->first->id == write.plan->id, "the plan to write is the closed one");
    writing_.emplace(Writing{write.plan, std::move(closed_->second)});
    closed_.reset();
  } else {
    MILLRACE_CHECK(rebuild_ && rebuild_->plan()->id == write.plan->id, "the plan to write is the rebuilt one");
    writing_.emplace(Writing{write.plan, rebuild_->take_rows()});
    rebuild_.reset();
  }
  sinks_.begin(*write.plan, write.fresh, writing_->rows);
}

void Lane::carry_out(const action::CancelPlan& cancel) {
  if (writing_ && writing_->plan->id == cancel.plan->id) {
    sinks_.cancel();
    writing_.reset();
  }
  if (rebuild_ && rebuild_->plan()->id == cancel.plan->id) rebuild_.reset();
}

void Lane::carry_out(const action::Commit& commit) {
  const bool lands = commit.lands && writing_ && writing_->plan->id == commit.lands->id;
  MILLRACE_CHECK(lands == (commit.lands != nullptr), "what lands is what was written");
  if (group_gave_up()) {
    log::warn("lane {}: the group went on without waiting for the epoch in flight: it is left to the next owner", name_);
    protocol_.committed(commit.number, CommitAnswer::kRefused);
    return protocol_.drain_deadline_passed();
  }
  const CommitAnswer answer = transactions_.commit(commit, lands ? &writing_->rows : nullptr, ingest_.consumer());
  if (answer == CommitAnswer::kYes && lands) {
    metrics_.committed(writing_->rows, commit.landing);
    writing_.reset();
  }
  if (answer == CommitAnswer::kYes) committed_at_ = Clock::now(), still_said_ = milliseconds(0), lag_then_.reset();
  protocol_.committed(commit.number, answer);
}

void Lane::carry_out(const action::Wait& wait) { later(wait.time, wait); }

}  // namespace millrace::pipeline

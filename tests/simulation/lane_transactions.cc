// The lane's commits: one transaction each, of two requests. Whatever isn't a plain yes or a clean abort is of unknown outcome.
#include <utility>

#include "simulation/world.h"

namespace millrace::simulation {

using pipeline::CommitAnswer;

constexpr int64_t kCommitTimeoutMs = 4'000;
constexpr int64_t kBusyAgainMs = 5;

void Lane::carry_out(const pipeline::action::Commit& act) {
  committed_last_.clear();
  for (const auto& e : act.offsets) committed_last_.push_back(e.partition);
  if (act.lands && working_ != act.lands) throw Violation("contract: " + name_ + " is to commit the end of a plan that it doesn't work on");
  const auto run = std::make_shared<CommitRun>(CommitRun{act, {}, producer_, ++transactions_, {}});
  const auto& rules = world_.env.guards.world;
  for (const auto kind : {Letter::Kind::kDeadLetter, Letter::Kind::kAlert}) {
    if (!act.lands) break;
    if (kind == Letter::Kind::kAlert && (!pipeline_.sinks.alerts || !process_.knows_alert_topic())) continue;  // can't be sent, see alert_topic_first
    const bool of_landing = kind == Letter::Kind::kAlert ? rules.alerts_of_landing : rules.letters_of_landing;
    const auto made = world_.log.letters(kind, *act.lands, of_landing ? act.landing : partitions_of(*act.lands), made_.given_up);
    if (kind == Letter::Kind::kAlert ? rules.alerts_in_transaction : rules.letters_in_transaction)
      run->letters.insert(run->letters.end(), made.begin(), made.end());
    else
      pipeline_.checker.lettered(name_, made);
  }
  commit_ = run;
  later(kCommitTimeoutMs, [=, this] { finish(run, CommitAnswer::kUnknown); });
  if (producer_ != 0) return send_offsets(run);
  // The core commits without a producer only when a guard is gone.
  world_.env.queue.after(world_.env.delay(), [=, this] {
    const auto epoch = world_.broker.init(pipeline_, name_);
    later(world_.env.delay(), [=, this] {
      if (!epoch) return finish(run, CommitAnswer::kUnknown);
      producer_ = run->epoch = *epoch;
      send_offsets(run);
    });
  });
}

void Lane::send_offsets(const CommitPtr& run) {
  if (commit_ != run) return;
  run->member = membership_;  // of this moment
  if (run->member.generation < 0 && world_.env.guards.world.member_at_commit)
    return later(1, [=, this] { finish(run, CommitAnswer::kRefused); });                      // it wouldn't be fenced
  if (world_.env.chance(world_.env.schedule.transaction_fails)) return send_end(run, false);  // a dead letter or an alert wasn't taken
  if (world_.env.chance(world_.env.schedule.lost)) return;
  world_.env.queue.after(world_.env.delay(), [=, this] {
    const BrokerAnswer answer = world_.broker.add(pipeline_, name_, run->epoch, run->number, run->member, run->request.offsets, run->letters);
    if (world_.env.chance(world_.env.schedule.lost)) return;
    later(world_.env.delay(), [=, this] { offsets_answered(run, answer); });
  });
}

void Lane::offsets_answered(const CommitPtr& run, BrokerAnswer answer) {
  if (commit_ != run) return;
  switch (answer) {
    case BrokerAnswer::kOk: return send_end(run, true);
    case BrokerAnswer::kRefusedByGroup: return send_end(run, false);
    case BrokerAnswer::kBusy: return later(kBusyAgainMs, [=, this] { send_offsets(run); });
    case BrokerAnswer::kFenced: return finish(run, CommitAnswer::kUnknown);
  }
}

void Lane::send_end(const CommitPtr& run, bool commit) {
  if (commit_ != run) return;
  if (world_.env.chance(world_.env.schedule.lost)) return;
  const int copies = world_.env.chance(world_.env.schedule.lost) ? 2 : 1;  // sent again by the client, after a connection broke
  for (int i = 0; i < copies; ++i)
    world_.env.queue.after(world_.env.delay(), [=, this] {
      const BrokerAnswer answer = world_.broker.end(pipeline_, name_, run->epoch, run->number, commit);
      if (!world_.env.chance(world_.env.schedule.lost)) later(world_.env.delay(), [=, this] { end_answered(run, commit, answer); });
    });
}

void Lane::end_answered(const CommitPtr& run, bool commit, BrokerAnswer answer) {
  if (answer == BrokerAnswer::kBusy) return later(kBusyAgainMs, [=, this] { send_end(run, commit); });
  if (answer == BrokerAnswer::kFenced) return finish(run, CommitAnswer::kUnknown);
  finish(run, commit ? CommitAnswer::kYes : CommitAnswer::kRefused);
}

void Lane::finish(const CommitPtr& run, CommitAnswer answer) {
  if (commit_ != run) return;
  commit_ = nullptr;
  if (answer == CommitAnswer::kUnknown) producer_ = 0;
  (answer == CommitAnswer::kUnknown ? world_.saw.unknown : world_.saw.refused) += answer != CommitAnswer::kYes;
  world_.env.trace([&] {
    return name_ + ": commit " + (answer == CommitAnswer::kYes ? "acknowledged" : answer == CommitAnswer::kRefused ? "refused" : "without an answer");
  });
  if (answer == CommitAnswer::kYes)
    for (const auto& e : run->request.offsets)
      remembered_[e.partition] = {e.partition, pipeline::CommittedRead::State::kOffset, e.offset, e.metadata, topics_[e.partition]};
  if (answer == CommitAnswer::kYes && run->request.lands) {
    drop_writes();
    working_ = nullptr;
    mine_.clear();
  }
  event([&] { core_->committed(run->request.number, answer); });
}

}  // namespace millrace::simulation

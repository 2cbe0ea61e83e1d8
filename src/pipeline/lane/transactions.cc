#include "pipeline/lane/transactions.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "pipeline/sinks/dead_letters/dead_letter.h"

namespace millrace::pipeline {

using kafka::TransactionFailure;
using std::chrono::milliseconds;

namespace {
constexpr milliseconds kInit{3000}, kCommit{10'000}, kSayAgain{10'000};
}

Transactions::Transactions(kafka::TransactionalSettings settings, std::string dead_letters, const AlertTopic& alerts, metrics::Registry& metrics)
    : settings_(std::move(settings)), dead_letters_(std::move(dead_letters)), alerts_(alerts), metrics_(metrics) {
  settings_.kafka.overrides.try_emplace("message.max.bytes", "2000000");
}

Status Transactions::init() {
  if (!producer_) {
    auto created = kafka::TransactionalProducer::create(settings_);
    if (!created) return std::unexpected(created.error());
    producer_ = std::move(*created);
  }
  auto ready = producer_->init(kInit);
  if (ready) return {};
  if (ready.error().failure != TransactionFailure::kTransient) producer_.reset();
  return transient(ready.error().message, ready.error().code);
}

CommitAnswer Transactions::failed(const kafka::TransactionError& error) {
  metrics_.counter("millrace_commit_failures_total", {{"failure", name(error.failure)}}).add();
  const bool surely_not = error.failure == TransactionFailure::kRefusedByGroup || error.failure == TransactionFailure::kAbortable;
  if (const auto now = std::chrono::steady_clock::now(); name(error.failure) != said_ || now - said_at_ > kSayAgain) {
    log::warn("commit: {}: {}", name(error.failure), error.message);
    said_ = name(error.failure), said_at_ = now;
  }
  if (surely_not && producer_->abort(kCommit)) return CommitAnswer::kRefused;
  producer_.reset();
  return CommitAnswer::kUnknown;
}

kafka::TransactionStatus Transactions::produce(const action::Commit& commit, const EpochRows& landed) {
  const auto lands = [&](const TopicPartition& partition) { return std::ranges::find(commit.landing, partition) != commit.landing.end(); };
  for (const RejectedRecord& record : landed.rejected()) {
    if (!lands(record.source)) continue;
    const DeadLetter letter(record, commit.lands->id, commit.lands->time_ms);
    if (auto produced = producer_->produce(letter.outgoing(dead_letters_)); !produced) return produced;
  }
  if (alerts_.name().empty()) return {};
  std::string value;
  for (const auto& [partition, range] : landed.ranges()) {
    if (range.alerts.empty() || !lands(partition)) continue;
    const auto schema = alerts_.schema();
    MILLRACE_CHECK(schema.has_value(), "a plan with alerts is written only once their schema has an id");
    for (const Alert& alert : range.alerts)
      if (auto produced = producer_->produce(alert.outgoing(alerts_.name(), *schema, commit.lands->time_ms, value)); !produced) return produced;
  }
  return {};
}

CommitAnswer Transactions::commit(const action::Commit& commit, const EpochRows* landed, const kafka::Consumer& member) {
  const auto group = member.group_metadata();
  if (!group || !group->fences()) return CommitAnswer::kRefused;  // no member at this moment: the broker wouldn't fence
  const auto begin = std::chrono::steady_clock::now();
  if (auto begun = producer_->begin(); !begun) return failed(begun.error());
  if (landed != nullptr)
    if (auto produced = produce(commit, *landed); !produced) return failed(produced.error());
  std::vector<kafka::OffsetToCommit> offsets;
  for (const auto& entry : commit.offsets) offsets.push_back({entry.partition, entry.offset, entry.metadata});
  if (auto sent = producer_->send_offsets(offsets, *group, kCommit); !sent) return failed(sent.error());
  if (auto done = producer_->commit(kCommit); !done) return failed(done.error());
  said_.clear();
  metrics_.histogram("millrace_commit_seconds").observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return CommitAnswer::kYes;
}

}  // namespace millrace::pipeline

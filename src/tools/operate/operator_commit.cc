#include "tools/operate/operator_commit.h"

#include "pipeline/sinks/dead_letters/dead_letter.h"

namespace millrace::operate {

using kafka::TransactionFailure;
using std::chrono::milliseconds;

namespace {
constexpr milliseconds kInit{10'000}, kCommit{60'000};
}

Status OperatorCommit::begin() {
  kafka::TransactionalSettings producer{.kafka = settings_.kafka, .transactional_id = "millrace-operator-" + settings_.group, .transaction_timeout = kCommit};
  producer.kafka.overrides.try_emplace("message.max.bytes", "2000000");  // as the lane's: a record that was consumed fits with its headers
  auto created = kafka::TransactionalProducer::create(producer);
  if (!created) return std::unexpected(created.error());
  producer_ = std::move(*created);
  const auto until = std::chrono::steady_clock::now() + settings_.patience;
  while (true) {
    const auto ready = producer_->init(kInit);
    if (ready) return {};
    if (ready.error().failure != TransactionFailure::kTransient || std::chrono::steady_clock::now() > until)
      return transient(ready.error().message, ready.error().code);
  }
}

Status OperatorCommit::failed(const kafka::TransactionError& error) {
  const bool fenced = error.failure == TransactionFailure::kFenced;
  const bool surely_not = error.failure == TransactionFailure::kRefusedByGroup || error.failure == TransactionFailure::kAbortable;
  const bool aborted = surely_not && producer_->abort(kCommit);
  producer_.reset();
  if (aborted) return transient("nothing was changed: " + error.message, error.code);
  return unknown_outcome((fenced ? "another operator's command ran at the same time: " : "") + error.message, error.code);
}

Status OperatorCommit::commit(const std::vector<kafka::OffsetToCommit>& offsets, const std::vector<pipeline::RejectedRecord>& dead_letters,
                              const pipeline::Plan* plan) {
  MILLRACE_CHECK(producer_.has_value(), "an operator's commit was not begun");
  MILLRACE_CHECK(dead_letters.empty() || plan != nullptr, "dead letters name their plan");
  if (auto begun = producer_->begin(); !begun) return failed(begun.error());
  for (const auto& record : dead_letters) {
    const pipeline::DeadLetter letter(record, plan->id, plan->time_ms);
    if (auto produced = producer_->produce(letter.outgoing(settings_.dead_letters)); !produced) return failed(produced.error());
  }
  const auto nobody = kafka::GroupMetadata::of_no_member(settings_.group);
  if (auto sent = producer_->send_offsets(offsets, nobody, kCommit); !sent) return failed(sent.error());
  if (auto done = producer_->commit(kCommit); !done) return failed(done.error());
  return {};
}

kafka::OffsetToCommit marked(const TopicPartition& partition, Offset offset, TopicId topic, pipeline::PlanPtr plan) {
  return {partition, offset, pipeline::encode({offset, topic, 0, false, std::move(plan)})};
}

}  // namespace millrace::operate

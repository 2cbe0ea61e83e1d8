#pragma once
// An operator's commit: offsets with our mark, and dead letters, in one transaction under `millrace-operator-<group>`.

#include <optional>
#include <string>
#include <vector>

#include "clients/kafka/transactional_producer.h"
#include "pipeline/commit/plan.h"
#include "pipeline/decode/rejected_record.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

// One thread. Of two operators the later one's begin() fences the other, whose commit then fails: nothing of it happens.
class OperatorCommit {
 public:
  explicit OperatorCommit(const Settings& settings) : settings_(settings) {}

  // Before anything is looked at that the commit rests on.
  Status begin();
  // kUnknown: nobody knows whether it happened, until begin() was called again and the offsets are read anew. Any other error: nothing happened.
  Status commit(const std::vector<kafka::OffsetToCommit>& offsets, const std::vector<pipeline::RejectedRecord>& dead_letters = {},
                const pipeline::Plan* plan = nullptr);

 private:
  Status failed(const kafka::TransactionError& error);

  Settings settings_;
  std::optional<kafka::TransactionalProducer> producer_;
};

// An offset as a lane would commit it.
kafka::OffsetToCommit marked(const TopicPartition& partition, Offset offset, TopicId topic, pipeline::PlanPtr plan = nullptr);

}  // namespace millrace::operate

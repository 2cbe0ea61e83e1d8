#pragma once
// What a writer does after a step of its transaction failed. Pure.

#include "clients/kafka/transactional_producer.h"

namespace millrace::topic_store {

enum class Step { kInit, kBegin, kProduce, kCommit, kAbort };

struct Recovery {
  enum class Producer {
    kKeep,   // the same call again
    kAbort,  // abort, then it can begin again
    kDrop,   // spent: another one under the same id, whose init() settles whatever this one left behind
  };
  Producer producer = Producer::kDrop;
  bool may_have_landed = false;  // the records may be in the topic
  bool give_up = false;          // these records will never be taken
  auto operator<=>(const Recovery&) const = default;
};

Recovery recovery_from(Step step, kafka::TransactionFailure failure);

}  // namespace millrace::topic_store

#include "topic_store/recovery.h"

namespace millrace::topic_store {

Recovery recovery_from(Step step, kafka::TransactionFailure failure) {
  using kafka::TransactionFailure;
  using enum Recovery::Producer;
  switch (failure) {
    case TransactionFailure::kTransient: return {kKeep, false, false};
    case TransactionFailure::kAbortable:
    case TransactionFailure::kRefusedByGroup:  // no group takes part
      // What produce() refuses itself (too large, no such partition) it would refuse again.
      return {step == Step::kAbort ? kDrop : kAbort, false, step == Step::kProduce};
    case TransactionFailure::kFenced:
    case TransactionFailure::kUnknown:
      // Before the commit was asked for, nothing can have landed. After: a fence says nothing either, the first request may have
      // gone through and its repetition met the fence.
      return {kDrop, step == Step::kCommit, false};
  }
  return {};
}

}  // namespace millrace::topic_store

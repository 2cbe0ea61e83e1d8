#include "topic_store/recovery.h"

#include <gtest/gtest.h>

namespace millrace::topic_store {
namespace {

using kafka::TransactionFailure;
constexpr Step kSteps[] = {Step::kInit, Step::kBegin, Step::kProduce, Step::kCommit, Step::kAbort};
constexpr TransactionFailure kFailures[] = {TransactionFailure::kFenced, TransactionFailure::kRefusedByGroup, TransactionFailure::kAbortable,
                                            TransactionFailure::kTransient, TransactionFailure::kUnknown};

TEST(Recovery, OnlyACommitCanHaveLandedAndOnlyWhenItsAnswerIsAFenceOrNoAnswer) {
  for (const Step step : kSteps)
    for (const TransactionFailure failure : kFailures)
      EXPECT_EQ(recovery_from(step, failure).may_have_landed,
                step == Step::kCommit && (failure == TransactionFailure::kFenced || failure == TransactionFailure::kUnknown))
          << static_cast<int>(step) << " " << name(failure);
}

TEST(Recovery, ProducerThatIsFencedOrInAnUnknownStateIsNeverUsedAgain) {
  for (const Step step : kSteps)
    for (const TransactionFailure failure : {TransactionFailure::kFenced, TransactionFailure::kUnknown})
      EXPECT_EQ(recovery_from(step, failure).producer, Recovery::Producer::kDrop);
  EXPECT_EQ(recovery_from(Step::kAbort, TransactionFailure::kAbortable).producer, Recovery::Producer::kDrop);
}

TEST(Recovery, TransactionThatSurelyFailedIsAbortedAndBegunAgain) {
  EXPECT_EQ(recovery_from(Step::kCommit, TransactionFailure::kAbortable), (Recovery{Recovery::Producer::kAbort, false, false}));
  EXPECT_EQ(recovery_from(Step::kInit, TransactionFailure::kTransient), (Recovery{Recovery::Producer::kKeep, false, false}));
}

TEST(Recovery, RecordThatTheClientRefusesIsGivenUp) {
  EXPECT_TRUE(recovery_from(Step::kProduce, TransactionFailure::kAbortable).give_up);
  EXPECT_FALSE(recovery_from(Step::kProduce, TransactionFailure::kFenced).give_up);
}

}  // namespace
}  // namespace millrace::topic_store

#include "rules/kernels/loops.h"

#include <algorithm>

namespace millrace::rules {

Output::Output(Frame& frame, const Instruction& instruction, Form form, Nulls nulls, uint32_t strict)
    : store_(frame.out(instruction)), place_(instruction.place) {
  const uint32_t count = std::min(instruction.operand_count, strict);
  bool one = count > 0 && strict == kAll, failures = false, may_be_null = false;
  for (size_t i = 0; i < count; ++i) {
    const Vector& operand = frame.operand(instruction, i);
    one &= operand.step == 0;
    failures |= operand.failures != nullptr;
    may_be_null |= operand.nulls != nullptr;
  }
  size_ = one ? 1 : frame.scope.size;
  values_ = store_.reset(form, size_);
  store_.set_step(one ? 0 : 1);
  may_be_null &= nulls == Nulls::kFail;
  if (!failures && !may_be_null) return;
  failures_ = store_.make_failures();
  for (size_t i = 0; i < count && failures; ++i) {
    const Vector& operand = frame.operand(instruction, i);
    if (operand.failures == nullptr) continue;
    for (size_t entry = 0; entry < size_; ++entry) failures_[entry] = failures_[entry] != 0 ? failures_[entry] : operand.failures[entry * operand.step];
  }
  const uint32_t null_failure = Failure(FailureCode::kNull, place_).bits;
  for (size_t i = 0; i < count && may_be_null; ++i) {
    const Vector& operand = frame.operand(instruction, i);
    if (operand.nulls == nullptr) continue;
    for (size_t entry = 0; entry < size_; ++entry) {
      if (failures_[entry] == 0 && operand.nulls[entry * operand.step] != 0) failures_[entry] = null_failure;
    }
  }
}

}  // namespace millrace::rules

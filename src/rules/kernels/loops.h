#pragma once
// How kernels go over entries: an operand is an array or one value for all; a null or failed operand fails the entry; and only kernels
// that can fail look at failures at all.

#include <initializer_list>

#include "rules/kernels/evaluator.h"

namespace millrace::rules {

// The result of an instruction in the making.
class Output {
 public:
  enum class Nulls { kFail, kSeen };  // kSeen: the kernel itself looks at the operands' nulls

  // Of the operands, the first `strict` ones decide which entries have failed; kAll: every one, and if all are
  // one value for all then so is the result.
  static constexpr uint32_t kAll = UINT32_MAX;
  Output(Frame& frame, const Instruction& instruction, Form form, Nulls nulls = Nulls::kFail, uint32_t strict = kAll);

  size_t size() const { return size_; }  // 1 if every operand is one value for all
  template <class T>
  T* values() const {
    return static_cast<T*>(values_);
  }
  Store& store() { return store_; }
  void set_scale(uint32_t scale) { store_.set_scale(static_cast<uint8_t>(scale)); }
  bool failed(size_t entry) const { return failures_ != nullptr && failures_[entry] != 0; }
  bool any_failed() const { return failures_ != nullptr; }
  // The first failure of an entry stays.
  void fail(size_t entry, FailureCode code) { fail(entry, Failure(code, place_)); }
  void fail(size_t entry, Failure failure) {
    if (failures_ == nullptr) failures_ = store_.make_failures();
    if (failures_[entry] == 0) failures_[entry] = failure.bits;
  }

 private:
  Store& store_;
  void* values_ = nullptr;
  uint32_t* failures_ = nullptr;
  size_t size_ = 0;
  uint32_t place_ = 0;
};

// out[i] = f(a[i]).
template <class R, class A, class F>
void map_values(Frame& frame, const Instruction& instruction, Form form, F f) {
  Output out(frame, instruction, form);
  const A* a = frame.operand(instruction, 0).data<A>();
  R* r = out.values<R>();
  for (size_t i = 0; i < out.size(); ++i) r[i] = f(a[i]);
}

// out[i] = f(a[i], b[i]); three loops, so that each is one that the compiler can vectorise.
template <class R, class A, class B, class F>
void map_values(Frame& frame, const Instruction& instruction, Form form, F f, Output::Nulls nulls = Output::Nulls::kFail) {
  Output out(frame, instruction, form, nulls);
  const Vector &left = frame.operand(instruction, 0), &right = frame.operand(instruction, 1);
  const A* a = left.data<A>();
  const B* b = right.data<B>();
  R* r = out.values<R>();
  const size_t size = out.size();
  if (right.step == 0) {
    const B only = *b;
    for (size_t i = 0; i < size; ++i) r[i] = f(a[i], only);
  } else if (left.step == 0) {
    const A only = *a;
    for (size_t i = 0; i < size; ++i) r[i] = f(only, b[i]);
  } else {
    for (size_t i = 0; i < size; ++i) r[i] = f(a[i], b[i]);
  }
}

// The same where a value may be missing: code = f(a[i], r[i]), code = f(a[i], b[i], r[i]). f leaves a value in r in any case.
template <class R, class A, class F>
void try_values(Frame& frame, const Instruction& instruction, Form form, F f) {
  Output out(frame, instruction, form);
  const A* a = frame.operand(instruction, 0).data<A>();
  R* r = out.values<R>();
  for (size_t i = 0; i < out.size(); ++i) {
    if (const FailureCode code = f(a[i], r[i]); code != FailureCode::kNone) [[unlikely]]
      out.fail(i, code);
  }
}
template <class R, class A, class B, class F>
void try_values(Frame& frame, const Instruction& instruction, Form form, F f) {
  Output out(frame, instruction, form);
  const Vector &left = frame.operand(instruction, 0), &right = frame.operand(instruction, 1);
  const A* a = left.data<A>();
  const B* b = right.data<B>();
  const size_t a_step = left.step, b_step = right.step;
  R* r = out.values<R>();
  for (size_t i = 0; i < out.size(); ++i) {
    if (const FailureCode code = f(a[i * a_step], b[i * b_step], r[i]); code != FailureCode::kNone) [[unlikely]]
      out.fail(i, code);
  }
}

// For what costs more than a look at a failure: f(entry) runs where no operand has failed; elsewhere the value is the default one.
template <class R, class F>
void each_entry(Output& out, F f) {
  R* r = out.values<R>();
  for (size_t i = 0; i < out.size(); ++i) {
    if (out.failed(i)) [[unlikely]] {
      r[i] = R();
      continue;
    }
    r[i] = f(i);
  }
}

}  // namespace millrace::rules

#include "rules/kernels/kernels.h"
#include "rules/kernels/load.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

// && with kDecides = 0, || with kDecides = 1: one side decides, whatever became of the others.
template <uint8_t kDecides>
void connective(Frame& frame, const Instruction& instruction) {
  bool plain = true, one = true;
  for (size_t k = 0; k < instruction.operand_count; ++k) {
    const Vector& operand = frame.operand(instruction, k);
    plain &= operand.failures == nullptr && operand.nulls == nullptr;
    one &= operand.step == 0;
  }
  Store& store = frame.out(instruction);
  const size_t size = one ? 1 : frame.scope.size;
  auto* values = store.reset<uint8_t>(Form::kBool, size);
  store.set_step(one ? 0 : 1);
  if (plain) {
    std::memset(values, 1 - kDecides, size);
    for (size_t k = 0; k < instruction.operand_count; ++k) {
      const Vector& operand = frame.operand(instruction, k);
      const uint8_t* side = operand.data<uint8_t>();
      if (operand.step == 0) {
        if (*side == kDecides) std::memset(values, kDecides, size);
      } else {
        for (size_t i = 0; i < size; ++i) values[i] = kDecides == 0 ? values[i] & side[i] : values[i] | side[i];
      }
    }
    return;
  }
  uint32_t* failures = store.make_failures();
  uint32_t any = 0;
  const uint32_t null_failure = Failure(FailureCode::kNull, instruction.place).bits;
  for (size_t i = 0; i < size; ++i) {
    uint8_t value = 1 - kDecides;
    uint32_t first = 0;
    for (size_t k = 0; k < instruction.operand_count && value != kDecides; ++k) {
      const Vector& operand = frame.operand(instruction, k);
      const uint32_t failure = operand.is_null(i) ? null_failure : operand.failure(i).bits;
      if (failure == 0)
        value = operand.at<uint8_t>(i);
      else if (first == 0)
        first = failure;
    }
    values[i] = value;
    any |= failures[i] = value == kDecides ? 0 : first;
  }
  if (any == 0) store.drop_failures();
}

// Takes entry i of `yes` or of `no`, as `takes_yes` says.
template <class F>
void merge(Store& out, const Vector& yes, const Vector& no, size_t size, F takes_yes) {
  const Form form = yes.form != Form::kNothing ? yes.form : no.form;
  char* values = static_cast<char*>(out.reset(form, size));
  out.set_scale(yes.form != Form::kNothing ? yes.scale : no.scale);
  const auto copy = [&]<size_t kWidth>() {
    for (size_t i = 0; i < size; ++i) {
      const Vector& from = takes_yes(i) ? yes : no;
      std::memcpy(values + i * kWidth, static_cast<const char*>(from.values) + i * from.step * kWidth, kWidth);
    }
  };
  switch (width_of(form)) {
    case 1: copy.template operator()<1>(); break;
    case 8: copy.template operator()<8>(); break;
    case 16: copy.template operator()<16>(); break;
    default: copy.template operator()<32>();
  }
  if (form == Form::kList || form == Form::kMap) {
    uint64_t behind = 0;
    for (size_t c = 0; c < (form == Form::kMap ? 2U : 1U); ++c) {
      Store& elements = out.child(c);
      elements.reset(Form::kNothing, 0);
      if (yes.children[c] != nullptr) elements.append(*yes.children[c]);
      behind = elements.vector().size;
      if (no.children[c] != nullptr) elements.append(*no.children[c]);
    }
    auto* ranges = reinterpret_cast<Range*>(values);
    for (size_t i = 0; i < size; ++i) {
      if (!takes_yes(i)) ranges[i].begin += behind, ranges[i].end += behind;
    }
  }
  if (yes.nulls != nullptr || no.nulls != nullptr) {
    uint8_t* nulls = out.make_nulls();
    uint8_t any = 0;
    for (size_t i = 0; i < size; ++i) any |= nulls[i] = takes_yes(i) ? yes.is_null(i) : no.is_null(i);
    if (any == 0) out.drop_nulls();
  }
  if (yes.failures != nullptr || no.failures != nullptr) {
    uint32_t* failures = out.make_failures();
    uint32_t any = 0;
    for (size_t i = 0; i < size; ++i) any |= failures[i] = (takes_yes(i) ? yes.failure(i) : no.failure(i)).bits;
    if (any == 0) out.drop_failures();
  }
}

}  // namespace

void logical_and(Frame& frame, const Instruction& instruction) { connective<0>(frame, instruction); }
void logical_or(Frame& frame, const Instruction& instruction) { connective<1>(frame, instruction); }
void logical_not(Frame& frame, const Instruction& instruction) {
  map_values<uint8_t, uint8_t>(frame, instruction, Form::kBool, [](uint8_t a) { return static_cast<uint8_t>(a == 0); });
}

void choose(Frame& frame, const Instruction& instruction) {
  const Vector &condition = frame.operand(instruction, 0), &yes = frame.operand(instruction, 1), &no = frame.operand(instruction, 2);
  Store& out = frame.out(instruction);
  const bool plain = condition.failures == nullptr && condition.nulls == nullptr;
  if (condition.step == 0 && plain) return out.alias(condition.at<uint8_t>(0) != 0 ? yes : no);
  merge(out, yes, no, frame.scope.size, [&](size_t i) { return condition.at<uint8_t>(i) != 0; });
  if (plain) return;
  uint32_t* failures = out.vector().failures == nullptr ? out.make_failures() : out.own_failures();
  for (size_t i = 0; i < frame.scope.size; ++i) {
    const Failure failure = condition.is_null(i) ? Failure(FailureCode::kNull, instruction.place) : condition.failure(i);
    if (failure) failures[i] = failure.bits;
  }
}

void coalesce(Frame& frame, const Instruction& instruction) {
  const Vector &value = frame.operand(instruction, 0), &other = frame.operand(instruction, 1);
  Store& out = frame.out(instruction);
  if (value.form == Form::kNothing && value.failures == nullptr) return out.alias(other);
  if (value.nulls == nullptr) return out.alias(value);
  merge(out, value, other, frame.scope.size, [&](size_t i) { return !value.is_null(i) || value.failure(i); });
}

void run_for(Frame& frame, const Instruction& instruction) {
  const Vector& mask = frame.operand(instruction, 0);
  const auto only = static_cast<Only>(instruction.a);
  auto& chosen = frame.open(instruction);
  const auto choose_where = [&](auto wanted) {
    chosen.resize(frame.scope.size);
    size_t count = 0;
    for (uint32_t i = 0; i < frame.scope.size; ++i) chosen[count] = i, count += wanted(i);
    chosen.resize(count);
  };
  // What failed may still be decided by the other side of && and ||; it decides on neither branch of ?:.
  const auto missing = [&](size_t i) { return mask.failure(i) || mask.is_null(i); };
  const auto holds = [&](size_t i) { return mask.at<uint8_t>(i) != 0; };
  switch (only) {
    case Only::kTrue: choose_where([&](size_t i) { return !missing(i) && holds(i); }); break;
    case Only::kFalse: choose_where([&](size_t i) { return !missing(i) && !holds(i); }); break;
    case Only::kNotTrue: choose_where([&](size_t i) { return missing(i) || !holds(i); }); break;
    case Only::kNotFalse: choose_where([&](size_t i) { return missing(i) || holds(i); }); break;
    case Only::kNull: choose_where([&](size_t i) { return !mask.failure(i) && (mask.is_null(i) || mask.form == Form::kNothing); }); break;
  }
  Store& out = frame.out(instruction);
  const Vector& result = frame.operand(instruction, 1);
  const auto form = static_cast<Form>(instruction.b);
  if (chosen.empty()) {
    out.reset_to_zero(form, frame.scope.size);
    for (size_t c = 0; c < (form == Form::kMap ? 2U : form == Form::kList ? 1U : 0U); ++c) out.child(c).reset(Form::kNothing, 0);
    return;
  }
  const auto body = static_cast<uint32_t>(&instruction - frame.program.instructions().data()) + 1;
  if (chosen.size() == frame.scope.size) {  // everything: as if it stood here
    Scope inner = frame.opened(instruction);
    inner.dense = frame.scope.dense;
    frame.run(body, instruction.next, inner);
    return out.alias(result);
  }
  frame.run(body, instruction.next, frame.opened(instruction));
  char* values = static_cast<char*>(out.reset_to_zero(result.form, frame.scope.size));
  out.set_scale(result.scale);
  for (size_t c = 0; c < 2; ++c) out.set_child(c, result.children[c]);
  uint8_t* nulls = result.nulls != nullptr ? out.make_nulls() : nullptr;
  uint32_t* failures = result.failures != nullptr ? out.make_failures() : nullptr;
  const auto copy = [&]<size_t kWidth>() {
    for (size_t j = 0; j < chosen.size(); ++j)
      std::memcpy(values + chosen[j] * kWidth, static_cast<const char*>(result.values) + j * result.step * kWidth, kWidth);
  };
  switch (width_of(result.form)) {
    case 1: copy.operator()<1>(); break;
    case 8: copy.operator()<8>(); break;
    case 16: copy.operator()<16>(); break;
    default: copy.operator()<32>();
  }
  for (size_t j = 0; nulls != nullptr && j < chosen.size(); ++j) nulls[chosen[j]] = result.nulls[j * result.step];
  for (size_t j = 0; failures != nullptr && j < chosen.size(); ++j) failures[chosen[j]] = result.failures[j * result.step];
}

}  // namespace millrace::rules

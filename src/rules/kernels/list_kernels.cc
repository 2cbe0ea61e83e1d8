#include "rules/kernels/equality.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/load.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;

void size_range(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, Range>(frame, instruction, Form::kInt, [](Range a) { return static_cast<int64_t>(a.size()); });
}

void add_list(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kList);
  const Vector &a = frame.operand(instruction, 0), &b = frame.operand(instruction, 1);
  Store& both = out.store().child(0);
  both.reset(Form::kNothing, 0);
  if (a.children[0] != nullptr) both.append(*a.children[0]);
  const uint64_t behind = both.vector().size;
  if (b.children[0] != nullptr) both.append(*b.children[0]);
  // Both sides are in one vector now; each entry's two ranges come together in another.
  columns::Buffer& positions = frame.evaluator.scratch();
  positions.clear();
  uint64_t end = 0;
  each_entry<Range>(out, [&](size_t i) {
    const Range x = a.at<Range>(i), y = b.at<Range>(i);
    for (uint64_t k = x.begin; k < x.end; ++k) positions.put(static_cast<uint32_t>(k));
    for (uint64_t k = y.begin; k < y.end; ++k) positions.put(static_cast<uint32_t>(behind + k));
    const uint64_t begin = end;
    end += x.size() + y.size();
    return Range{begin, end};
  });
  Store& joined = out.store().child(1);
  static constexpr uint32_t kNone = 0;
  gather(both.vector(), {positions.empty() ? &kNone : reinterpret_cast<const uint32_t*>(positions.data()), 0, static_cast<size_t>(end)}, joined);
  out.store().set_child(0, &joined.vector());
  out.store().set_child(1, nullptr);
}

constexpr NamedKernel kKernels[] = {
    {"size_list", size_range}, {"size_map", size_range}, {"add_list", add_list}, {"index_list", index_list}, {"index_map", index_map}};

// The entries of a vector at positions that may be missing, which fail.
void take(Frame& frame, const Instruction& instruction, const Vector* elements, FailureCode missing, auto position_of) {
  Store& store = frame.out(instruction);
  columns::Buffer& positions = frame.evaluator.scratch();
  positions.clear();
  constexpr uint32_t kMissing = UINT32_MAX;
  size_t size = 0;
  std::vector<uint32_t>& failed = frame.open(instruction);  // entry, failure, entry, failure …
  {
    Output out(frame, instruction, Form::kBool);  // for the operands' failures
    size = out.size();
    for (size_t i = 0; i < size; ++i) {
      const uint32_t at = out.failed(i) ? kMissing : position_of(i);
      if (at == kMissing) out.fail(i, missing);
      positions.put(at == kMissing ? 0 : at);
    }
    for (size_t i = 0; i < size; ++i) {
      if (out.failed(i)) failed.push_back(static_cast<uint32_t>(i)), failed.push_back(store.vector().failures[i]);
    }
  }
  const uint32_t step = store.vector().step;
  if (elements == nullptr || elements->size == 0)
    store.reset_to_zero(static_cast<Form>(instruction.b), size);
  else
    gather(*elements, {size == 0 ? nullptr : reinterpret_cast<const uint32_t*>(positions.data()), 0, size}, store);
  if (store.vector().step != 0) store.set_step(step);
  if (failed.empty()) return;
  if (store.vector().step == 0 && size > 1) {  // the elements are one value for all, the failures aren't
    const Vector one = store.vector();
    store.reset(one.form, 0);
    store.append(one, reinterpret_cast<const uint32_t*>(positions.data()), size);
  }
  uint32_t* failures = store.make_failures();
  for (size_t i = 0; i < failed.size(); i += 2) failures[failed[i]] = failed[i + 1];
}

}  // namespace

void index_list(Frame& frame, const Instruction& instruction) {
  const Vector &lists = frame.operand(instruction, 0), &indexes = frame.operand(instruction, 1);
  take(frame, instruction, lists.children[0], kOutsideList, [&](size_t i) {
    const Range range = lists.at<Range>(i);
    const int64_t index = indexes.at<int64_t>(i);
    return index < 0 || static_cast<uint64_t>(index) >= range.size() ? UINT32_MAX : static_cast<uint32_t>(range.begin + static_cast<uint64_t>(index));
  });
}
void index_map(Frame& frame, const Instruction& instruction) {
  const Vector &maps = frame.operand(instruction, 0), &keys = frame.operand(instruction, 1);
  take(frame, instruction, maps.children[1], kNoSuchKey, [&](size_t i) {
    const Range range = maps.at<Range>(i);
    if (range.size() == 0) return UINT32_MAX;
    const uint64_t at = find_value(*maps.children[0], range, keys, i);
    return at == range.end ? UINT32_MAX : static_cast<uint32_t>(at);
  });
}

void is_in(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kSeen);
  const Vector &value = frame.operand(instruction, 0), &lists = frame.operand(instruction, 1);
  for (size_t i = 0; i < out.size() && lists.nulls != nullptr; ++i) {
    if (lists.is_null(i)) out.fail(i, kNull);
  }
  each_entry<uint8_t>(out, [&](size_t i) {
    const Range range = lists.at<Range>(i);
    return range.size() > 0 && find_value(*lists.children[0], range, value, i) != range.end;
  });
}

void make_list(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kList, Output::Nulls::kSeen);
  Store& elements = out.store().child(0);
  elements.reset(Form::kNothing, 0);
  const size_t size = out.size(), count = instruction.operand_count;
  auto* ranges = out.values<Range>();
  for (size_t i = 0; i < size; ++i) ranges[i] = {i * count, (i + 1) * count};
  for (uint32_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < count; ++k) elements.append(frame.operand(instruction, k), &i, 1);
  }
}

void make_map(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kMap, Output::Nulls::kSeen);
  Store &keys = out.store().child(0), &values = out.store().child(1);
  keys.reset(Form::kNothing, 0), values.reset(Form::kNothing, 0);
  const size_t size = out.size(), count = instruction.operand_count / 2;
  auto* ranges = out.values<Range>();
  for (size_t i = 0; i < size; ++i) ranges[i] = {i * count, (i + 1) * count};
  for (uint32_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < count; ++k) {
      const Vector& key = frame.operand(instruction, 2 * k);
      if (key.is_null(i)) out.fail(i, kNull);
      for (size_t other = 0; other < k; ++other) {
        if (equal_values(key, i, frame.operand(instruction, 2 * other), i)) out.fail(i, kRepeatedKey);
      }
      keys.append(key, &i, 1), values.append(frame.operand(instruction, 2 * k + 1), &i, 1);
    }
  }
}

std::span<const NamedKernel> list_kernels() { return kKernels; }

}  // namespace millrace::rules

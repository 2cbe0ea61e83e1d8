// Macros: the body runs over the elements of many entries at once, as entries of a scope of their own.
#include <algorithm>

#include "rules/kernels/kernels.h"
#include "rules/kernels/load.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;

// So many elements are evaluated at once, so that memory is bounded by this and the longest list, not by their sum; nor by its power
// where macros stand inside each other.
constexpr uint64_t kElementsAtOnce = 32'768;

// Elements [0, size) of a chunk belong to entries first, first + 1, … of the scope around; those of entry i end before ends[i - first].
struct Chunk {
  size_t first = 0, last = 0;
  std::span<const uint64_t> ends;
};

// Runs the body chunk by chunk; `reduce` sees each chunk when its results are in the body's registers.
template <class F>
void each_chunk(Frame& frame, const Instruction& instruction, const Output& out, F reduce) {
  const Vector& ranges = frame.operand(instruction, 0);
  const auto body = static_cast<uint32_t>(&instruction - frame.program.instructions().data()) + 1;
  Store& variable = frame.evaluator.register_at(static_cast<uint32_t>(instruction.b));
  auto& elements = frame.elements(instruction);
  std::vector<uint64_t>& ends = frame.ends(instruction);
  for (size_t first = 0; first < out.size();) {
    auto& outer = frame.open(instruction);
    elements.clear(), ends.clear();
    size_t last = first;
    for (; last < out.size(); ++last) {
      const Range range = out.failed(last) ? Range() : ranges.at<Range>(last);
      if (last > first && outer.size() + range.size() > kElementsAtOnce) break;
      for (uint64_t at = range.begin; at < range.end; ++at) outer.push_back(static_cast<uint32_t>(last)), elements.push_back(static_cast<uint32_t>(at));
      ends.push_back(outer.size());
    }
    if (!elements.empty()) {
      gather(*ranges.children[0], {elements.data(), 0, elements.size()}, variable);
      frame.run(body, instruction.next, frame.opened(instruction));
    }
    reduce(Chunk{first, last, ends});
    first = last;
  }
}

Failure failure_at(const Vector& result, size_t element, uint32_t place) { return result.is_null(element) ? Failure(kNull, place) : result.failure(element); }

// all with kDecides = 0, exists with kDecides = 1: as && and || over the elements.
template <uint8_t kDecides>
void decide(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kFail, 1);
  auto* values = out.values<uint8_t>();
  const Vector& result = frame.operand(instruction, 1);
  each_chunk(frame, instruction, out, [&](const Chunk& chunk) {
    uint64_t at = 0;
    for (size_t i = chunk.first; i < chunk.last; ++i) {
      uint8_t value = 1 - kDecides;
      Failure first;
      for (const uint64_t end = chunk.ends[i - chunk.first]; at < end; ++at) {
        if (value == kDecides) continue;
        const Failure failure = failure_at(result, at, instruction.place);
        if (!failure)
          value = result.at<uint8_t>(at);
        else if (!first)
          first = failure;
      }
      values[i] = value;
      if (value != kDecides && first) out.fail(i, first);
    }
  });
}

void exists_one(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool, Output::Nulls::kFail, 1);
  auto* values = out.values<uint8_t>();
  const Vector& result = frame.operand(instruction, 1);
  each_chunk(frame, instruction, out, [&](const Chunk& chunk) {
    uint64_t at = 0;
    for (size_t i = chunk.first; i < chunk.last; ++i) {
      uint64_t count = 0;
      for (const uint64_t end = chunk.ends[i - chunk.first]; at < end; ++at) {
        if (const Failure failure = failure_at(result, at, instruction.place)) out.fail(i, failure);
        count += result.at<uint8_t>(at) != 0;
      }
      values[i] = count == 1;
    }
  });
}

// filter, and map with or without one: the results of the elements that the filter lets through.
template <bool kFilter, bool kMap>
void collect(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kList, Output::Nulls::kFail, 1);
  auto* ranges = out.values<Range>();
  const Vector& kept = frame.operand(instruction, 1);
  const Vector& result = kMap ? frame.operand(instruction, kFilter ? 2 : 1) : frame.evaluator.register_at(static_cast<uint32_t>(instruction.b)).vector();
  Store& elements = out.store().child(0);
  elements.reset(Form::kNothing, 0);
  std::vector<uint32_t>& taken = frame.elements(instruction);  // free again once the chunk has run
  each_chunk(frame, instruction, out, [&](const Chunk& chunk) {
    taken.clear();
    uint64_t at = 0;
    const uint64_t before = elements.vector().size;
    for (size_t i = chunk.first; i < chunk.last; ++i) {
      const uint64_t begin = before + taken.size();
      for (const uint64_t end = chunk.ends[i - chunk.first]; at < end; ++at) {
        if constexpr (kFilter) {
          if (const Failure failure = failure_at(kept, at, instruction.place)) out.fail(i, failure);
          if (kept.at<uint8_t>(at) == 0) continue;
        }
        if constexpr (kMap) {
          if (const Failure failure = result.failure(at)) out.fail(i, failure);
        }
        taken.push_back(static_cast<uint32_t>(at));
      }
      ranges[i] = {begin, before + taken.size()};
    }
    if (!taken.empty()) elements.append(result, taken.data(), taken.size());
  });
}

}  // namespace

Kernel comprehension_kernel(Macro macro, bool with_filter) {
  switch (macro) {
    case Macro::kAll: return decide<0>;
    case Macro::kExists: return decide<1>;
    case Macro::kExistsOne: return exists_one;
    case Macro::kFilter: return collect<true, false>;
    case Macro::kMap: return with_filter ? collect<true, true> : collect<false, true>;
    case Macro::kNone: break;
  }
  return nullptr;
}

}  // namespace millrace::rules

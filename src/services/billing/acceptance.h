#pragma once
// The rule by which a plan is taken or refused: pure.

#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"

namespace millrace::billing {

enum class Verdict {
  kTake,     // every range begins at the expected offset, or is the first of its partition
  kGap,      // some begin above it, none below: something is missing
  kOverlap,  // some begin below it: they'd be billed twice
};

struct Conflict {
  size_t range = 0;  // index
  Offset expected;
};

struct Acceptance {
  Verdict verdict = Verdict::kTake;
  std::vector<Conflict> conflicts;  // of all ranges that don't begin where they should
};

// `expected` is parallel to `begins`; none: nothing of the partition was ever taken.
Acceptance judge(std::span<const Offset> begins, std::span<const std::optional<Offset>> expected);

}  // namespace millrace::billing

#pragma once
// The rules by which a plan, or the skip of a range, is taken or refused: pure. The ledger asks them inside the transaction that would write; the
// simulation's ledger asks the same ones.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "services/billing/billed_plan.h"

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

struct PlanAnswer {
  enum class Outcome { kApplied, kKnown, kGap, kOverlap, kWrongGeneration };
  Outcome outcome{};
  std::string message;              // of a refusal
  std::vector<Conflict> conflicts;  // kGap, kOverlap
  uint32_t generation = 0;          // the ledger's
  bool differs = false;             // kKnown: what was applied under this id is something else
};

// What the ledger has, where the plan would be written.
struct PlanStored {
  uint32_t generation = 0;
  std::optional<std::string> fingerprint;       // of the plan that was applied under this id; none: it wasn't, or is forgotten
  std::vector<std::optional<Offset>> expected;  // parallel to the plan's ranges; needed only of this generation, and where no plan is known
};
// `print`: the plan's own fingerprint. kApplied: it is to be written now.
PlanAnswer judge(const BilledPlan& plan, const std::string& print, PlanStored stored);

struct Skip {
  uint32_t generation = 0;  // 0: the ledger's
  std::string pipeline;
  BilledRange range;
  std::string plan, author, reason;  // plan: its id, or ""
};

struct SkipAnswer {
  enum class Outcome { kSkipped, kKnown, kGap, kOverlap, kWrongGeneration };
  Outcome outcome{};
  std::string message;
  Offset expected;  // after the call
};

struct SkipStored {
  uint32_t generation = 0;
  bool known = false;              // the same range was skipped before
  std::optional<Offset> expected;  // none: nothing of the partition was ever taken
};
// kSkipped: it is to be written now.
SkipAnswer judge(const Skip& skip, const SkipStored& stored);

}  // namespace millrace::billing

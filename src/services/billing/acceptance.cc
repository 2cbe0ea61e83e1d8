#include "services/billing/acceptance.h"

namespace millrace::billing {
namespace {

std::string wrong_generation(uint32_t asked, uint32_t stored) {
  return "the ledger is at generation " + std::to_string(stored) + ", this is for " + std::to_string(asked) +
         ": compare the pipeline's billing.generation with the service's --generation";
}

std::string refusal(const BilledPlan& plan, const Acceptance& acceptance) {
  std::string message = acceptance.verdict == Verdict::kGap ? "a gap: " : "an overlap: ";
  for (const auto& conflict : acceptance.conflicts)
    message += to_string(plan.ranges[conflict.range]) + " should begin at " + std::to_string(conflict.expected.value) + "; ";
  return message + (acceptance.verdict == Verdict::kGap ? "what lies between was never billed; declare it skipped if it was given up"
                                                        : "it was billed or skipped already: were the group's offsets set back?");
}

}  // namespace

Acceptance judge(std::span<const Offset> begins, std::span<const std::optional<Offset>> expected) {
  Acceptance acceptance;
  for (size_t i = 0; i < begins.size(); ++i) {
    if (!expected[i] || begins[i] == *expected[i]) continue;
    acceptance.conflicts.push_back({i, *expected[i]});
    if (begins[i] < *expected[i]) acceptance.verdict = Verdict::kOverlap;
    if (acceptance.verdict == Verdict::kTake) acceptance.verdict = Verdict::kGap;
  }
  return acceptance;
}

PlanAnswer judge(const BilledPlan& plan, const std::string& print, PlanStored stored) {
  using enum PlanAnswer::Outcome;
  PlanAnswer answer;
  answer.generation = stored.generation;
  if (plan.generation != stored.generation) {
    answer.outcome = kWrongGeneration;
    answer.message = wrong_generation(plan.generation, stored.generation);
    return answer;
  }
  if (stored.fingerprint) {
    answer.outcome = kKnown;
    answer.differs = *stored.fingerprint != print;
    return answer;
  }
  std::vector<Offset> begins;
  for (const auto& range : plan.ranges) begins.push_back(range.offsets.begin);
  Acceptance acceptance = judge(begins, stored.expected);
  if (acceptance.verdict == Verdict::kTake) {
    answer.outcome = kApplied;
    return answer;
  }
  answer.outcome = acceptance.verdict == Verdict::kGap ? kGap : kOverlap;
  answer.message = refusal(plan, acceptance);
  answer.conflicts = std::move(acceptance.conflicts);
  return answer;
}

SkipAnswer judge(const Skip& skip, const SkipStored& stored) {
  using enum SkipAnswer::Outcome;
  SkipAnswer answer;
  if (skip.generation != 0 && skip.generation != stored.generation) {
    answer.outcome = kWrongGeneration;
    answer.message = wrong_generation(skip.generation, stored.generation);
    return answer;
  }
  answer.expected = stored.expected.value_or(Offset(0));
  const Offset begin = skip.range.offsets.begin;
  if (stored.known) {
    answer.outcome = kKnown;
  } else if (stored.expected && begin != *stored.expected) {
    const bool gap = begin > *stored.expected;
    answer.outcome = gap ? kGap : kOverlap;
    answer.message = to_string(skip.range) +
                     (gap ? " begins above the expected offset " : " is billed or skipped already, in part at least: the expected offset is ") +
                     std::to_string(stored.expected->value);
  } else {
    answer.outcome = kSkipped;
    answer.expected = skip.range.offsets.end;
  }
  return answer;
}

}  // namespace millrace::billing

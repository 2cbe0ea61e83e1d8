#include "services/billing/acceptance.h"

namespace millrace::billing {

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

}  // namespace millrace::billing

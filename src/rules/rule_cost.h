#pragma once
// What an expression costs a row, estimated from its tree before it runs: so that no tenant's rules can take the others' time.

#include <cstdint>

#include "rules/checker.h"

namespace millrace::rules {

// 1 is a comparison or a sum. A function over a text costs 4, one of a pattern 20, a hash 40, a lookup 10; a macro costs its body kLengthGuess
// times, and whatever stands in it. A guess: the length of lists isn't known before.
inline constexpr uint64_t kLengthGuess = 10;
uint64_t cost_of(const Checked& expression);

}  // namespace millrace::rules

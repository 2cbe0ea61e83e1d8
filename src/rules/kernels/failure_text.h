#pragma once
// Why a rule failed on a row, for the dead letter and whoever reads it.

#include <string>

#include "rules/checker.h"
#include "rules/kernels/evaluator.h"

namespace millrace::rules {

// "amount / quantity: division by zero (amount = 12, quantity = 0)": the part that failed, what went wrong, and the fields that it uses as they
// are in this row. `checked` is the expression of the instance that failed. Not for the hot path: it allocates.
std::string describe_failure(const Checked& checked, Failure failure, const Input& input, uint32_t row);

}  // namespace millrace::rules

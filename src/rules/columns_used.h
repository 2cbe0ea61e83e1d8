#pragma once
// Which columns of the block an expression reads.

#include <cstdint>
#include <set>

#include "rules/checker.h"

namespace millrace::rules {

std::set<int32_t> columns_used(const Checked& expression);

}  // namespace millrace::rules

#pragma once
// When an event happened, by a column of its own.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "columns/column.h"

namespace millrace::pipeline {

// Times of years of four digits, ms since 1970: what the ledger of billing takes.
inline constexpr int64_t kBillableFirstMs = -30'610'224'000'000, kBillableEndMs = 253'402'300'800'000;

// DateTime64 of any precision, DateTime, or one of them that is Nullable.
bool has_event_time(const columns::Type& type);
// ms since 1970, rounded down; none: it is null. The column's type must have one.
std::optional<int64_t> event_time_ms_of(const columns::Column& column, size_t row);

}  // namespace millrace::pipeline

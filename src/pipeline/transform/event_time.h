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

// The times of a column, whose type must have one.
class EventTimes {
 public:
  explicit EventTimes(const columns::Column& column);
  // Since 1970, rounded down; none: it is null.
  std::optional<int64_t> ms(size_t row) const {
    if (nullable_ != nullptr && nullable_->is_null(row)) return std::nullopt;
    if (seconds_) return int64_t{values_->value<uint32_t>(row)} * 1000;
    const auto ticks = values_->value<int64_t>(row);
    if (divide_ == 1) return ticks * multiply_;
    return ticks / divide_ - (ticks % divide_ < 0 ? 1 : 0);
  }

 private:
  const columns::Column* nullable_ = nullptr;
  const columns::Column* values_;
  bool seconds_ = false;
  int64_t multiply_ = 1, divide_ = 1;
};
inline std::optional<int64_t> event_time_ms_of(const columns::Column& column, size_t row) { return EventTimes(column).ms(row); }

}  // namespace millrace::pipeline

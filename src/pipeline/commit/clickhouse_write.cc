#include "pipeline/commit/clickhouse_write.h"

#include <algorithm>

#include "base/result.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

ClickHouseWrite::ClickHouseWrite(int64_t plan_time_ms, uint64_t rows, bool first_attempt, const ClickHouseGuards& guards)
    : guards_(guards), origin_ms_(plan_time_ms / 1000 * 1000), rows_(rows), first_(first_attempt) {
  if (rows == 0)
    action_ = Durable{};
  else if (first_attempt)
    insert();
  else
    from_the_start();
}

void ClickHouseWrite::from_the_start() {
  verifying_ = counted_ = false;
  if (guards_.count_after_clock || !guards_.count_first)
    action_ = AskServerTime{};
  else
    action_ = Count{};
}

void ClickHouseWrite::insert() {
  ++attempts_;
  const int token = guards_.term_token ? term_ + extra_ * 1000 : term_ * 1000 + attempts_;
  action_ = Insert{term_, token, term_begin(term_ + 1) / 1000 - 1};
}

milliseconds ClickHouseWrite::backoff() { return milliseconds(std::min(5000, 50 << std::min(failures_++, 7))); }

void ClickHouseWrite::insert_acknowledged() {
  if (first_ || !guards_.believe_only_first) {
    action_ = Durable{};
  } else {
    verifying_ = true;
    action_ = Count{};
  }
}

void ClickHouseWrite::insert_failed() {  // an unknown outcome, whatever the error says
  first_ = false;
  wait(backoff());
}

void ClickHouseWrite::query_failed() { wait(backoff()); }
void ClickHouseWrite::waited() { from_the_start(); }

void ClickHouseWrite::server_time(int64_t unix_ms) {
  if (unix_ms < origin_ms_) return wait(milliseconds(origin_ms_ - unix_ms));  // a term is never negative
  int64_t term = (unix_ms - origin_ms_) / kTermMs;
  const bool spent = guards_.patience && term <= lost_term_;
  if (spent || term_begin(term + 1) - unix_ms < kLeastMs) {
    const int64_t next = term_begin((spent ? lost_term_ : term) + 1) + (guards_.guard_after_term ? kGuardMs : 0);
    return wait(milliseconds(std::min<int64_t>(next - unix_ms, 1000)));
  }
  if (term > 0 && guards_.guard_after_term && unix_ms < term_begin(term) + kGuardMs) return wait(milliseconds(term_begin(term) + kGuardMs - unix_ms));
  term_ = static_cast<int>(term);
  if (term_ > 0 && guards_.ask_under_way)
    action_ = AskUnderWay{};
  else
    count_or_insert();
}

void ClickHouseWrite::under_way(uint64_t inserts) {
  if (inserts > 0)
    wait(milliseconds(250));
  else
    count_or_insert();
}

void ClickHouseWrite::count_or_insert() {
  if (counted_ || !guards_.count_first)
    insert();
  else
    action_ = Count{};
}

void ClickHouseWrite::counted(uint64_t rows) {
  failures_ = 0;
  if (rows == rows_) {
    action_ = Durable{};
  } else if (rows != 0) {
    action_ = Stop{std::to_string(rows) + " of the plan's " + std::to_string(rows_) + " rows are in the table: neither none nor all"};
  } else if (verifying_) {  // acknowledged, and yet not there: the token was known, the rows are lost
    if (guards_.patience)
      lost_term_ = term_;
    else
      extra_ = attempts_;
    wait(milliseconds(guards_.patience ? 250 : 0));
  } else if (!guards_.count_after_clock && !counted_) {
    counted_ = true;
    action_ = AskServerTime{};
  } else {
    insert();
  }
}

}  // namespace millrace::pipeline

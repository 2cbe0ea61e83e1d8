#pragma once
// Writes one plan's rows for one table to ClickHouse exactly once. A pure state machine: no I/O, no clock, no thread. Ask action(),
// carry it out, say what came of it; until Durable or Stop. The sink (sinks/clickhouse) and the simulation both drive it.
//
// A plan's life is cut into terms of 10 s, on whole seconds, from the plan's time. The deduplication token is plan/table/term, and
// the server itself refuses an insert after its term (the column _deadline). ARCHITECTURE.md says why neither alone is enough.

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

namespace millrace::pipeline {

// The rules, each of which can be taken away to show that the simulation notices.
struct ClickHouseGuards {
  bool count_first = true;         // a retry and an adopter count before they insert
  bool count_after_clock = true;   // and count after the clock was read, and after nobody was seen inserting
  bool term_token = true;          // whoever inserts in a term uses that term's token
  bool believe_only_first = true;  // only a first attempt's acknowledgement is believed without a count
  bool patience = true;            // acknowledged, and yet not there: nothing more in this term
  bool guard_after_term = true;    // a later term's insert waits until the former term is over by two seconds
  bool ask_under_way = true;       // and until the server lists no insert of this plan
};

class ClickHouseWrite {
 public:
  using milliseconds = std::chrono::milliseconds;
  static constexpr int64_t kTermMs = 10'000;
  static constexpr int64_t kGuardMs = 2'000;  // how long after a term's end its inserts may still be checked
  static constexpr int64_t kLeastMs = 1'000;  // an insert with less time left isn't begun

  // One request; any error, whatever it says, is insert_failed(). `token` is the term but for a broken rule.
  struct Insert {
    int term;
    int token;
    int64_t deadline_s;  // the term's last whole second since 1970: the column _deadline
  };
  struct AskServerTime {};  // answer server_time()
  struct AskUnderWay {};    // inserts of this plan that system.processes lists: answer under_way()
  struct Count {};          // rows of this plan in the table: answer counted()
  struct Wait {
    milliseconds time;  // answer waited()
  };
  struct Durable {};
  struct Stop {  // neither none nor all of the rows are there: nothing more may be written
    std::string reason;
  };
  using Action = std::variant<Insert, AskServerTime, AskUnderWay, Count, Wait, Durable, Stop>;

  // `first_attempt`: the plan is the lane's own, and nobody has inserted for it yet.
  ClickHouseWrite(int64_t plan_time_ms, uint64_t rows, bool first_attempt, const ClickHouseGuards& guards = {});

  const Action& action() const { return action_; }
  bool done() const { return std::holds_alternative<Durable>(action_) || std::holds_alternative<Stop>(action_); }
  int attempts() const { return attempts_; }  // inserts begun

  void insert_acknowledged();
  void insert_failed();
  void server_time(int64_t unix_ms);
  void under_way(uint64_t inserts);
  void counted(uint64_t rows);
  void query_failed();
  void waited();

 private:
  void from_the_start();
  void insert();
  void count_or_insert();
  void wait(milliseconds time) { action_ = Wait{time}; }
  milliseconds backoff();
  int64_t term_begin(int64_t term) const { return origin_ms_ + term * kTermMs; }

  ClickHouseGuards guards_;
  int64_t origin_ms_;  // the plan's time, on a whole second
  uint64_t rows_;
  int term_ = 0;
  int lost_term_ = -1;                           // acknowledged, and not there
  bool first_;                                   // the insert under way is the first attempt
  bool verifying_ = false;                       // the count is of an acknowledged insert
  bool counted_ = false;                         // without count_after_clock: the count came before the clock
  int attempts_ = 0, failures_ = 0, extra_ = 0;  // extra_: without patience, makes another token
  Action action_;
};

}  // namespace millrace::pipeline

#pragma once
// ClickHouse, one server: an insert arrives and is listed, its body comes in, the deadline is checked, the part is written, and only
// then is the token looked up and the part renamed. Between any two of these the server may die; between the last two, or when the
// disk is full, it remembers the token and the rows are gone. Tokens are forgotten after a while, or by a loss of power.

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;
struct Pipeline;
class Checker;

struct InsertRequest {
  RowsPtr rows;
  int term, token;
  int64_t deadline_s;
};

class ClickHouse {
 public:
  using Reply = std::function<void(bool acknowledged)>;  // may never come

  explicit ClickHouse(World& world);

  void insert(const InsertRequest& request, const Reply& reply);
  // Queries, answered as of now; none: the server is down.
  std::optional<int64_t> time() const;  // ms since 1970
  std::optional<uint64_t> under_way(PlanId plan, const std::string& table) const;
  std::optional<uint64_t> count(PlanId plan, const std::string& table);
  std::optional<bool> has_rows(const Pipeline& pipeline, const TopicPartition& partition) const;

  void crash();
  void lose_power();
  void step_clock();
  int64_t clock_error() const { return clock_error_; }  // its clock minus the true time, ms

 private:
  struct UnderWay {
    uint64_t number;
    InsertRequest request;
    Reply reply;
  };
  void body_is_whole(uint64_t number);
  void land(uint64_t number);
  void land_in_two(UnderWay insert);
  void rows_are_there(const Rows& rows, size_t begin, size_t end);
  std::optional<UnderWay> take(uint64_t number);
  void perhaps_again(const InsertRequest& request);
  void go_down(int64_t ms);
  Checker& checker_of(const Rows& rows) const;
  struct Token {
    std::string table;
    PlanId plan;
    int token;
    int64_t at;
  };
  bool remembers(const InsertRequest& request);

  World& world_;
  std::vector<UnderWay> under_way_;
  std::vector<Token> tokens_;
  using Counts = std::map<std::pair<PlanId, std::string>, uint64_t>;
  Counts counts_, cached_;  // cached_: used only without fresh_counts
  uint64_t numbers_ = 0;
  int64_t up_at_ = 0, clock_error_ = 0;
  int64_t window_ms_;
};

}  // namespace millrace::simulation

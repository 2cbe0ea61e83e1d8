#pragma once
// Questions to the ledger. They see what is durable, and hold nobody up.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/ids.h"
#include "base/result.h"
#include "clients/sql/connection.h"
#include "services/billing/month.h"

namespace millrace::billing {

enum class Granularity { kAsMetered, kHour, kDay, kMonth };

struct FigureQuestion {
  uint32_t generation = 0;  // 0: the ledger's current one
  std::string tenant;
  std::string meter, unit;         // "": all
  int64_t from_ms = 0, to_ms = 0;  // windows that begin in [from, to)
};

struct UsageRow {
  std::string meter, unit;
  int64_t window_start_ms = 0, window_ms = 0;
  Decimal value, adjustments;  // adjustments came after the month was closed, and aren't in value
  bool closed = false;
};

struct StatementLine {
  enum class Kind { kUsage, kAdjustment };
  Kind kind{};
  Month of_month;  // kAdjustment: the closed month that it belongs to
  std::string meter, unit;
  Decimal quantity;
};
struct Statement {
  bool closed = false;
  std::vector<StatementLine> lines;  // usage by meter and unit, then adjustments by month, meter and unit
};

struct Contribution {
  std::string plan, pipeline, topic, topic_id, unit;
  int64_t plan_time_ms = 0, applied_ms = 0;
  int64_t partition = 0, begin = 0, end = 0, records = 0;
  int64_t window_start_ms = 0, window_ms = 0;
  Decimal value;
  bool adjustment = false;
};
struct Explained {
  Decimal value, adjustments;  // the figure
  Decimal sum;                 // of the contributions that are kept
  uint64_t contributions = 0;
};

struct Adjustment {
  std::string tenant, meter, unit;
  int64_t window_start_ms = 0, window_ms = 0;
  Decimal value;
  std::string booked_month, plan;
  int64_t applied_ms = 0;
};

struct MarkQuestion {
  uint32_t generation = 0;         // 0: the ledger's current one
  std::string pipeline, topic_id;  // "": all
  std::optional<int32_t> partition;
};
struct Mark {
  std::string pipeline, topic, topic_id;
  int32_t partition = 0;
  Offset expected;
};
struct Marks {
  uint32_t generation = 0;
  std::vector<Mark> marks;
};

// Thread-safe: each question takes a connection of its own and gives it back. Errors as of sql::Connection.
class LedgerReader {
 public:
  explicit LedgerReader(sql::Settings settings);

  Result<std::vector<UsageRow>> usage(const FigureQuestion& question, Granularity granularity);  // by meter, unit and time
  Result<Statement> statement(const std::string& tenant, Month month, uint32_t generation);
  // Hands over one contribution after the other, by unit, window and plan, until `take` says false.
  Result<Explained> explain(const FigureQuestion& question, const std::function<bool(const Contribution&)>& take);
  Result<std::vector<Adjustment>> adjustments(const std::string& tenant, const std::string& booked_month, uint32_t generation);  // "": all
  Result<Marks> marks(const MarkQuestion& question);

 private:
  // Runs the question in one snapshot, with the generation that is meant.
  template <class T>
  Result<T> in_snapshot(uint32_t generation, const std::function<Result<T>(sql::Connection&, int64_t generation)>& ask);

  const sql::Settings settings_;
  std::mutex mutex_;
  std::vector<sql::Connection> idle_;
};

}  // namespace millrace::billing

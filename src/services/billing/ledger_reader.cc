#include "services/billing/ledger_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "services/billing/plan_write.h"

namespace millrace::billing {

using sql::Connection;
using sql::integer;
using sql::text;

namespace {

constexpr size_t kIdleMax = 4;
constexpr int64_t kHourMs = 3'600'000, kDayMs = 24 * kHourMs;

// Adds a stored number to a sum. The ledger writes nothing else than numbers that add up.
Status add_stored(Decimal& sum, const std::string& stored) {
  const auto value = parse_decimal(stored);
  if (!value) return permanent("the ledger has '" + stored + "' where a number should be");
  const auto total = add(sum, *value);
  if (!total) return permanent("the sum has more than 38 digits: ask for less");
  sum = *total;
  return {};
}

// Of the window's own, or of the coarser one that it is in.
std::pair<int64_t, int64_t> window_at(int64_t start_ms, int64_t window_ms, Granularity granularity) {
  const auto floored = [&](int64_t length) { return std::pair((start_ms - ((start_ms % length) + length) % length), length); };
  switch (granularity) {
    case Granularity::kAsMetered: break;
    case Granularity::kHour:
      if (window_ms < kHourMs) return floored(kHourMs);
      break;
    case Granularity::kDay:
      if (window_ms < kDayMs) return floored(kDayMs);
      break;
    case Granularity::kMonth: {
      const Month month = month_of(start_ms);
      if (window_ms <= month.end_ms() - month.begin_ms()) return {month.begin_ms(), month.end_ms() - month.begin_ms()};
      break;
    }
  }
  return {start_ms, window_ms};
}

}  // namespace

LedgerReader::LedgerReader(sql::Settings settings) : settings_(std::move(settings)) {}

template <class T>
Result<T> LedgerReader::in_snapshot(uint32_t generation, const std::function<Result<T>(Connection&, int64_t)>& ask) {
  std::optional<Connection> connection;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!connection) {
    auto opened = Connection::open(settings_);
    if (!opened) return std::unexpected(opened.error());
    connection = std::move(*opened);
  }
  const auto all = [&]() -> Result<T> {
    if (auto begun = connection->begin(sql::Begin::kRead); !begun) return std::unexpected(begun.error());
    const auto current = stored_generation(*connection);
    if (!current) return std::unexpected(current.error());
    return ask(*connection, generation != 0 ? generation : *current);
  };
  auto answer = all();
  connection->rollback();
  if (!connection->broken()) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(*connection));
  }
  return answer;
}

Result<std::vector<UsageRow>> LedgerReader::usage(const FigureQuestion& question, Granularity granularity) {
  return in_snapshot<std::vector<UsageRow>>(question.generation, [&](Connection& connection, int64_t generation) -> Result<std::vector<UsageRow>> {
    const auto closed = closed_months(connection, static_cast<uint32_t>(generation));
    if (!closed) return std::unexpected(closed.error());
    std::map<std::tuple<std::string, std::string, int64_t, int64_t>, UsageRow> rows;
    for (const bool adjusted : {false, true}) {
      const std::string table = adjusted ? "adjustments" : "totals";
      const auto stored =
          connection.query("SELECT meter, unit, window_start_ms, window_ms, value FROM " + table +
                               " WHERE generation = $1 AND tenant = $2 AND ($3 = '' OR meter = $3) AND ($4 = '' OR unit = $4) AND window_start_ms >= $5 AND "
                               "window_start_ms < $6",
                           {generation, question.tenant, question.meter, question.unit, question.from_ms, question.to_ms});
      if (!stored) return std::unexpected(stored.error());
      for (const auto& row : *stored) {
        const auto [start_ms, window_ms] = window_at(integer(row[2]), integer(row[3]), granularity);
        UsageRow& figure = rows[{text(row[0]), text(row[1]), start_ms, window_ms}];
        if (auto added = add_stored(adjusted ? figure.adjustments : figure.value, text(row[4])); !added) return std::unexpected(added.error());
      }
    }
    std::vector<UsageRow> answer;
    for (auto& [key, figure] : rows) {
      std::tie(figure.meter, figure.unit, figure.window_start_ms, figure.window_ms) = key;
      figure.closed = closed->contains(to_string(month_of(figure.window_start_ms)));
      answer.push_back(std::move(figure));
    }
    return answer;
  });
}

Result<Statement> LedgerReader::statement(const std::string& tenant, Month month, uint32_t asked) {
  return in_snapshot<Statement>(asked, [&](Connection& connection, int64_t generation) -> Result<Statement> {
    const auto closed = closed_months(connection, static_cast<uint32_t>(generation));
    if (!closed) return std::unexpected(closed.error());
    const auto totals =
        connection.query("SELECT meter, unit, value FROM totals WHERE generation = $1 AND tenant = $2 AND window_start_ms >= $3 AND window_start_ms < $4",
                         {generation, tenant, month.begin_ms(), month.end_ms()});
    if (!totals) return std::unexpected(totals.error());
    const auto late =
        connection.query("SELECT meter, unit, value, window_start_ms FROM adjustments WHERE generation = $1 AND tenant = $2 AND booked_month = $3",
                         {generation, tenant, to_string(month)});
    if (!late) return std::unexpected(late.error());
    std::map<std::tuple<StatementLine::Kind, Month, std::string, std::string>, Decimal> sums;
    for (const auto& row : *totals)
      if (auto added = add_stored(sums[{StatementLine::Kind::kUsage, month, text(row[0]), text(row[1])}], text(row[2])); !added)
        return std::unexpected(added.error());
    for (const auto& row : *late)
      if (auto added = add_stored(sums[{StatementLine::Kind::kAdjustment, month_of(integer(row[3])), text(row[0]), text(row[1])}], text(row[2])); !added)
        return std::unexpected(added.error());
    Statement statement{closed->contains(to_string(month)), {}};
    for (const auto& [key, sum] : sums) {
      const auto& [kind, of_month, meter, unit] = key;
      statement.lines.push_back({kind, of_month, meter, unit, sum});
    }
    return statement;
  });
}

Result<Explained> LedgerReader::explain(const FigureQuestion& question, const std::function<bool(const Contribution&)>& take) {
  constexpr int64_t kPage = 1'000;
  return in_snapshot<Explained>(question.generation, [&](Connection& connection, int64_t generation) -> Result<Explained> {
    Explained explained;
    for (const bool adjusted : {false, true}) {
      const std::string table = adjusted ? "adjustments" : "totals";
      const auto stored = connection.query("SELECT value FROM " + table +
                                               " WHERE generation = $1 AND tenant = $2 AND meter = $3 AND ($4 = '' OR unit = $4) AND window_start_ms >= $5 AND "
                                               "window_start_ms < $6",
                                           {generation, question.tenant, question.meter, question.unit, question.from_ms, question.to_ms});
      if (!stored) return std::unexpected(stored.error());
      for (const auto& row : *stored)
        if (auto added = add_stored(adjusted ? explained.adjustments : explained.value, text(row[0])); !added) return std::unexpected(added.error());
    }
    // The place after which the next page begins.
    std::string unit, plan;
    int64_t start_ms = 0, window_ms = 0, number = -1;
    while (true) {
      const auto page = connection.query(
          "SELECT c.unit, c.window_start_ms, c.window_ms, c.plan, c.number, c.value, c.adjustment, p.pipeline, p.time_ms, p.applied_ms, r.topic, r.topic_id, "
          "r.partition, "
          "r.begin_offset, r.end_offset, r.records FROM contributions c JOIN plans p ON p.generation = c.generation AND p.plan = c.plan "
          "JOIN plan_ranges r ON r.generation = c.generation AND r.plan = c.plan AND r.number = c.number "
          "WHERE c.generation = $1 AND c.tenant = $2 AND c.meter = $3 AND ($4 = '' OR c.unit = $4) AND c.window_start_ms >= $5 AND c.window_start_ms < $6 "
          "AND (c.unit, c.window_start_ms, c.window_ms, c.plan, c.number) > ($7, $8, $9, $10, $11) "
          "ORDER BY c.unit, c.window_start_ms, c.window_ms, c.plan, c.number LIMIT $12",
          {generation, question.tenant, question.meter, question.unit, question.from_ms, question.to_ms, unit, start_ms, window_ms, plan, number, kPage});
      if (!page) return std::unexpected(page.error());
      for (const auto& row : *page) {
        unit = text(row[0]), start_ms = integer(row[1]), window_ms = integer(row[2]), plan = text(row[3]), number = integer(row[4]);
        if (auto added = add_stored(explained.sum, text(row[5])); !added) return std::unexpected(added.error());
        ++explained.contributions;
        const Contribution contribution{.plan = plan,
                                        .pipeline = text(row[7]),
                                        .topic = text(row[10]),
                                        .topic_id = text(row[11]),
                                        .unit = unit,
                                        .plan_time_ms = integer(row[8]),
                                        .applied_ms = integer(row[9]),
                                        .partition = integer(row[12]),
                                        .begin = integer(row[13]),
                                        .end = integer(row[14]),
                                        .records = integer(row[15]),
                                        .window_start_ms = start_ms,
                                        .window_ms = window_ms,
                                        .value = *parse_decimal(text(row[5])),
                                        .adjustment = integer(row[6]) != 0};
        if (!take(contribution)) return explained;
      }
      if (static_cast<int64_t>(page->size()) < kPage) return explained;
    }
  });
}

Result<std::vector<Adjustment>> LedgerReader::adjustments(const std::string& tenant, const std::string& booked_month, uint32_t asked) {
  return in_snapshot<std::vector<Adjustment>>(asked, [&](Connection& connection, int64_t generation) -> Result<std::vector<Adjustment>> {
    const auto stored = connection.query(
        "SELECT tenant, meter, unit, window_start_ms, window_ms, value, booked_month, plan, applied_ms FROM adjustments WHERE generation = $1 AND ($2 = '' OR "
        "tenant = $2) AND "
        "($3 = '' OR booked_month = $3) ORDER BY applied_ms, plan, number, tenant, meter, unit, window_start_ms",
        {generation, tenant, booked_month});
    if (!stored) return std::unexpected(stored.error());
    std::vector<Adjustment> answer;
    for (const auto& row : *stored) {
      Adjustment& made = answer.emplace_back(
          Adjustment{text(row[0]), text(row[1]), text(row[2]), integer(row[3]), integer(row[4]), {}, text(row[6]), text(row[7]), integer(row[8])});
      if (auto added = add_stored(made.value, text(row[5])); !added) return std::unexpected(added.error());
    }
    return answer;
  });
}

Result<Marks> LedgerReader::marks(const MarkQuestion& question) {
  return in_snapshot<Marks>(question.generation, [&](Connection& connection, int64_t generation) -> Result<Marks> {
    const auto stored = connection.query(
        "SELECT pipeline, topic, topic_id, partition, expected FROM partitions WHERE generation = $1 AND ($2 = '' OR pipeline = $2) AND ($3 = '' OR topic_id = "
        "$3) AND "
        "($4 < 0 OR partition = $4) ORDER BY pipeline, topic, topic_id, partition",
        {generation, question.pipeline, question.topic_id, int64_t{question.partition.value_or(-1)}});
    if (!stored) return std::unexpected(stored.error());
    Marks marks{static_cast<uint32_t>(generation), {}};
    for (const auto& row : *stored)
      marks.marks.push_back({text(row[0]), text(row[1]), text(row[2]), static_cast<int32_t>(integer(row[3])), Offset(integer(row[4]))});
    return marks;
  });
}

}  // namespace millrace::billing

#include "pipeline/sinks/clickhouse/table_writer.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/log.h"
#include "columns/native_writer.h"

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;

// The server holds an insert back for about a second when there are many parts; what takes less isn't looked into.
constexpr milliseconds kHeldBack{1000};

int64_t local_ms() { return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// The epoch's block for a table, sent from where it stands: what differs from attempt to attempt comes last.
class NativeRows {
 public:
  NativeRows(const WriteOrder& order, const TableRows& table) : rows_(table.rows.rows()) {
    const columns::Block& block = table.rows;
    const bool of_one_topic = !table.topic.empty();
    columns::NativeWriter writer(bytes_, block.column_count() + 3 + of_one_topic, rows_, &splices_);
    for (size_t i = 0; i < block.column_count(); ++i) {
      names_.push_back(block.name(i));
      writer.column(block.name(i), block.column(i));
    }
    writer.constant_uint128("_plan", order.plan.value);
    if (of_one_topic) writer.constant("_topic", columns::low_cardinality(columns::simple(columns::Kind::kString)), std::string_view(table.topic));
    writer.constant("_ingested_at", columns::date_time64(3), order.time_ms);
    if (of_one_topic) names_.emplace_back("_topic");
    for (const char* name : {"_plan", "_ingested_at", "_deadline"}) names_.emplace_back(name);
    mark_ = bytes_.size();
    writer_.emplace(writer);
  }
  std::span<const std::string_view> with_deadline(int64_t deadline_s) {
    bytes_.shrink(mark_);
    writer_->constant("_deadline", columns::date_time(), static_cast<uint32_t>(deadline_s));
    pieces_ = columns::pieces_of(bytes_, splices_);
    return pieces_;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  size_t rows_, mark_ = 0;
  columns::Buffer bytes_;                 // what isn't in the block's own buffers
  std::vector<columns::Splice> splices_;  // into the block
  std::vector<std::string_view> pieces_;
  std::vector<std::string> names_;
  std::optional<columns::NativeWriter> writer_;
};

class Driver {
 public:
  Driver(const WriteOrder& order, const TableRows& table, TableWriterContext& context)
      : order_(order), table_(table), context_(context), write_(order.time_ms, table.rows.rows(), order.fresh) {}

  TableOutcome run(std::string& reason) {
    while (!write_.done()) {
      if (!std::visit([this](const auto& action) { return carry_out(action); }, ClickHouseWrite::Action(write_.action()))) return TableOutcome::kCancelled;
    }
    if (const auto* stop = std::get_if<ClickHouseWrite::Stop>(&write_.action())) {
      reason = table_.table + ": " + stop->reason;
      return TableOutcome::kStopped;
    }
    context_.trouble("");
    return TableOutcome::kDurable;
  }

 private:
  using Write = ClickHouseWrite;

  bool carry_out(const Write::Insert& insert) {
    if (!rows_) rows_.emplace(order_, table_);
    const milliseconds left((insert.deadline_s + 1) * 1000 - (local_ms() + server_minus_local_));
    if (left <= milliseconds(0)) return write_.insert_failed(), true;
    clickhouse::InsertRequest request{{order_.plan, table_.table, static_cast<uint32_t>(insert.token), static_cast<uint32_t>(write_.attempts())},
                                      rows_->names(),
                                      rows_->with_deadline(insert.deadline_s),
                                      left,
                                      context_.settings};
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = context_.client.insert(request);
    const auto took = std::chrono::steady_clock::now() - begin;
    context_.metrics.histogram("millrace_insert_seconds", {{"table", table_.table}}).observe(std::chrono::duration<double>(took).count());
    const char* outcome = answer ? "acknowledged" : answer.error().retry == Retry::kPermanent ? "refused" : "unknown";
    context_.metrics.counter("millrace_inserts_total", {{"table", table_.table}, {"outcome", outcome}}).add();
    if (answer) {
      if (took >= kHeldBack && context_.client.inserts_held_back().value_or(false)) context_.crowded();
      return write_.insert_acknowledged(), true;
    }
    if (clickhouse::trouble_of(answer.error()) == clickhouse::Trouble::kTooManyParts) context_.crowded();
    failed("the insert into " + table_.table, answer.error());
    write_.insert_failed();
    return true;
  }
  bool carry_out(const Write::AskServerTime&) {
    const auto time = context_.client.server_time();
    if (!time) return query_failed("the server's time", time.error());
    const int64_t now = time->time_since_epoch().count();
    server_minus_local_ = now - local_ms();
    write_.server_time(now);
    return true;
  }
  bool carry_out(const Write::AskUnderWay&) {
    const auto inserts = context_.client.inserts_under_way(order_.plan);
    if (!inserts) return query_failed("the inserts under way", inserts.error());
    write_.under_way(*inserts);
    return true;
  }
  // Of a replicated table, the count is of what all replicas have: one that lags would say "none" of rows that are on their way to it.
  bool carry_out(const Write::Count&) {
    const auto replicated = context_.client.replicated(table_.table);
    if (!replicated) return query_failed("whether " + table_.table + " is replicated", replicated.error());
    if (*replicated == clickhouse::Replicated::kYes)
      if (const auto synced = context_.client.sync_replica(table_.table); !synced) return query_failed("the replica of " + table_.table, synced.error());
    const auto rows = context_.client.count_of_plan(table_.table, order_.plan, *replicated);
    if (!rows) return query_failed("the count of " + table_.table, rows.error());
    write_.counted(*rows);
    return true;
  }
  bool carry_out(const Write::Wait& wait) {
    // Jitter: lanes that met the same outage don't come back in the same moment.
    const auto jitter = milliseconds(static_cast<int64_t>(order_.plan.value.low % 97) * wait.time.count() / 400);
    if (!context_.wait(wait.time + jitter)) return false;
    write_.waited();
    return true;
  }
  bool carry_out(const Write::Durable&) { return true; }
  bool carry_out(const Write::Stop&) { return true; }

  bool query_failed(const std::string& what, const Error& error) {
    failed(what, error);
    write_.query_failed();
    return true;
  }
  void failed(const std::string& what, const Error& error) {
    log::warn("plan {}: {}: {}", to_string(order_.plan.value), what, error.message);
    context_.trouble(error.message);
  }

  const WriteOrder& order_;
  const TableRows& table_;
  TableWriterContext& context_;
  ClickHouseWrite write_;
  std::optional<NativeRows> rows_;
  int64_t server_minus_local_ = 0;
};

}  // namespace

TableOutcome write_table(const WriteOrder& order, const TableRows& table, TableWriterContext& context, std::string& reason) {
  return Driver(order, table, context).run(reason);
}

}  // namespace millrace::pipeline

#include "pipeline/sinks/warehouse/plan_writer.h"

#include <algorithm>
#include <deque>

#include "clients/parquet/read_file.h"
#include "pipeline/sinks/warehouse/names.h"

namespace millrace::pipeline {
namespace {

const std::optional<std::string> kDone;

// The columns that are the same in all rows of an order's table; one row.
columns::Block same_in_all_rows(const WarehouseOrder& order, const std::string& topic) {
  using columns::Kind;
  std::vector<columns::NamedType> types{{"_plan", columns::simple(Kind::kUuid)}, {"_ingested_at", columns::date_time64(3)}};
  if (!topic.empty()) types.push_back({"_topic", columns::low_cardinality(columns::simple(Kind::kString))});
  columns::Block block(std::move(types));
  block.column(0).append(order.plan.value);
  block.column(1).append(order.time_ms);
  if (!topic.empty()) block.column(2).append_text(topic);
  block.end_row();
  return block;
}

using Span = std::optional<std::pair<int64_t, int64_t>>;
void widen(Span& span, const Span& by) {
  if (!by) return;
  span = span ? std::pair(std::min(span->first, by->first), std::max(span->second, by->second)) : *by;
}

}  // namespace

PlanWriter::PlanWriter(const WarehouseOrder& order, const LocalDirectory& directory, const parquet::WriteSettings& settings, metrics::Registry& metrics,
                       std::function<bool()> cancelled)
    : order_(order), directory_(directory), settings_(settings), metrics_(metrics), cancelled_(std::move(cancelled)) {
  for (const WarehouseTable& table : order.tables) {
    if (table.rows->rows() == 0) continue;
    auto file = std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.entry.table == table.table; });
    if (file == files_.end()) file = files_.insert(file, File{{file_name(table.table, order.plan, order.time_ms), table.table, 0, 0, {}}, {}, false});
    file->tables.push_back(&table);
    file->entry.rows += table.rows->rows();
    if (const int column = table.rows->find(table.event_time); column >= 0)
      widen(file->entry.event_time_ms, time_span(table.rows->column(static_cast<size_t>(column))));
  }
}

Manifest PlanWriter::manifest() const {
  Manifest manifest{order_.pipeline, order_.plan, order_.time_ms, order_.ranges, {}};
  for (const File& file : files_) manifest.files.push_back(file.entry);
  return manifest;
}

std::optional<std::string> PlanWriter::refused_by(const std::string& text) const {
  const std::string path = directory_.root() + "/" + manifest_name(order_.plan);
  const auto theirs = parse_manifest(text);
  if (!theirs) return path + ": " + theirs.error().message + ": look at it, and move it away if it is none of this pipeline's";
  const std::string how = difference(manifest(), *theirs);
  if (how.empty()) return std::nullopt;
  return path + " is of other rows than this plan's; they differ in " + how + ". Nothing is written: find out who wrote it";
}

Result<std::optional<std::string>> PlanWriter::attempt() {
  const std::string name = manifest_name(order_.plan);
  const auto there = directory_.read(name);
  if (!there) return std::unexpected(there.error());
  if (*there) {
    if (const Status synced = directory_.sync(name); !synced) return std::unexpected(synced.error());
    return refused_by(**there);
  }
  for (File& file : files_) {
    if (file.written) continue;
    const auto refused = write(file);
    if (!refused || *refused) return refused;
    file.written = true;
  }
  return publish_manifest();
}

Result<std::optional<std::string>> PlanWriter::write(File& file) {
  NewFile ours(directory_.root(), file.entry.path);
  if (const Status opened = ours.open(); !opened) return std::unexpected(opened.error());
  std::deque<columns::Block> same;  // a column's address must not change
  std::vector<parquet::Rows> parts;
  for (const WarehouseTable* table : file.tables) {
    same.push_back(same_in_all_rows(order_, table->topic));
    parts.push_back({table->rows.get(), &same.back()});
  }
  const Status written = parquet::write_file(parts, file.tables[0]->bytes_columns, settings_, [&](std::string_view bytes) -> Status {
    if (cancelled_()) return transient("the plan was cancelled");
    return ours.append(bytes);
  });
  if (!written) return std::unexpected(Error{written.error().retry, written.error().code, file.entry.table + ": " + written.error().message});
  const auto published = ours.publish();
  if (!published) return std::unexpected(published.error());
  const bool is_new = *published == NewFile::Published::kNew;
  metrics_.counter("millrace_warehouse_files_total", {{"table", file.entry.table}, {"outcome", is_new ? "new" : "was_there"}}).add();
  file.entry.bytes = ours.size();
  return is_new ? Result<std::optional<std::string>>(kDone) : agrees(ours, file);
}

Result<std::optional<std::string>> PlanWriter::agrees(const NewFile& ours, File& file) {
  auto same = same_bytes(ours.temporary_path(), ours.path());
  if (same && !*same) same = parquet::same_rows(ours.temporary_path(), ours.path());
  if (!same) return std::unexpected(same.error());
  if (!*same) return ours.path() + " has other rows than this plan's. Nothing more is written: find out who wrote it";
  const auto size = file_size(ours.path());
  if (!size) return std::unexpected(size.error());
  file.entry.bytes = *size;
  return kDone;
}

Result<std::optional<std::string>> PlanWriter::publish_manifest() {
  const std::string name = manifest_name(order_.plan);
  NewFile ours(directory_.root(), name);
  if (const Status opened = ours.open(); !opened) return std::unexpected(opened.error());
  if (const Status written = ours.append(to_json(manifest())); !written) return std::unexpected(written.error());
  const auto published = ours.publish();
  if (!published) return std::unexpected(published.error());
  if (*published == NewFile::Published::kNew) return kDone;
  const auto theirs = directory_.read(name);
  if (!theirs) return std::unexpected(theirs.error());
  if (!*theirs) return transient(name + " was there and is gone");
  return refused_by(**theirs);
}

}  // namespace millrace::pipeline

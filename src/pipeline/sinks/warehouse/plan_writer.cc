#include "pipeline/sinks/warehouse/plan_writer.h"

#include <algorithm>

#include "clients/parquet/read_file.h"
#include "pipeline/sinks/warehouse/names.h"
#include "pipeline/sinks/warehouse/row_groups.h"

namespace millrace::pipeline {
namespace {

const std::optional<std::string> kDone;

using Span = std::optional<std::pair<int64_t, int64_t>>;
void widen(Span& span, const Span& by) {
  if (!by) return;
  span = span ? std::pair(std::min(span->first, by->first), std::max(span->second, by->second)) : *by;
}

}  // namespace

PlanWriter::PlanWriter(const WarehouseOrder& order, Storage& storage, PartitionMarks& marks, const parquet::WriteSettings& settings, metrics::Registry& metrics,
                       Cancelled cancelled)
    : order_(order), storage_(storage), marks_(marks), settings_(settings), metrics_(metrics), cancelled_(std::move(cancelled)) {
  for (const WarehouseTable& table : order.tables) {
    const size_t rows = table.before.rows + table.rows->rows();
    if (rows == 0) continue;
    auto file = std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.entry.table == table.table; });
    if (file == files_.end()) file = files_.insert(file, File{{file_name(table.table, order.plan, order.time_ms), table.table, 0, 0, {}}, {}, false});
    file->tables.push_back(&table);
    file->entry.rows += rows;
    widen(file->entry.event_time_ms, table.before.event_time_ms);
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
  const std::string path = storage_.name() + "/" + manifest_name(order_.plan);
  const auto theirs = parse_manifest(text);
  if (!theirs) return path + ": " + theirs.error().message + ": look at it, and move it away if it is none of this pipeline's";
  const std::string how = difference(manifest(), *theirs);
  if (how.empty()) return std::nullopt;
  return path + " is of other rows than this plan's; they differ in " + how + ". Nothing is written: find out who wrote it";
}

Result<std::optional<std::string>> PlanWriter::attempt() {
  const std::string name = manifest_name(order_.plan);
  const auto there = storage_.read(name);
  if (!there) return std::unexpected(there.error());
  if (*there) {
    if (const Status synced = storage_.settle(name); !synced) return std::unexpected(synced.error());
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
  auto ours = storage_.new_file(file.entry.path);
  if (!ours) return std::unexpected(ours.error());
  RowGroups groups(order_, file.tables, settings_);
  const Status written = parquet::write_groups([&] { return groups.next(); }, file.tables[0]->bytes_columns, settings_,
                                               [&](std::string_view bytes) -> Status {
                                                 if (cancelled_()) return transient("the plan was cancelled");
                                                 return ours->append(bytes);
                                               });
  if (!written) return std::unexpected(Error{written.error().retry, written.error().code, file.entry.table + ": " + written.error().message});
  const auto published = storage_.publish(*ours, file.entry.path, cancelled_);
  if (!published) return std::unexpected(published.error());
  const bool is_new = *published == Published::kNew;
  metrics_.counter("millrace_warehouse_files_total", {{"table", file.entry.table}, {"outcome", is_new ? "new" : "was_there"}}).add();
  file.entry.bytes = ours->size();
  return is_new ? Result<std::optional<std::string>>(kDone) : agrees(*ours, file);
}

Result<std::optional<std::string>> PlanWriter::agrees(const UnfinishedFile& ours, File& file) {
  const auto theirs = storage_.open(file.entry.path, cancelled_);
  if (!theirs) return std::unexpected(theirs.error());
  auto same = same_bytes(ours.path(), theirs->path);
  if (same && !*same) same = parquet::same_rows(ours.path(), theirs->path);
  if (!same) return std::unexpected(same.error());
  if (!*same) return storage_.name() + "/" + file.entry.path + " has other rows than this plan's. Nothing more is written: find out who wrote it";
  const auto size = file_size(theirs->path);
  if (!size) return std::unexpected(size.error());
  file.entry.bytes = *size;
  return kDone;
}

Result<std::optional<std::string>> PlanWriter::publish_manifest() {
  if (const Status marked = marks_.mark(storage_, order_, cancelled_); !marked) return std::unexpected(marked.error());
  const std::string name = manifest_name(order_.plan);
  auto ours = storage_.new_file(name);
  if (!ours) return std::unexpected(ours.error());
  if (const Status written = ours->append(to_json(manifest())); !written) return std::unexpected(written.error());
  const auto published = storage_.publish(*ours, name, cancelled_);
  if (!published) return std::unexpected(published.error());
  if (*published == Published::kNew) return kDone;
  const auto theirs = storage_.read(name);
  if (!theirs) return std::unexpected(theirs.error());
  if (!*theirs) return transient(name + " was there and is gone");
  return refused_by(**theirs);
}

}  // namespace millrace::pipeline

#include "pipeline/sinks/warehouse/row_groups.h"

#include <algorithm>

namespace millrace::pipeline {
namespace {

constexpr size_t kStep = 64;      // rows; a group ends behind a whole number of them
constexpr size_t kStride = 2048;  // rows; so many are taken at once where the group doesn't end within

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

columns::Block empty_like(const columns::Block& block) {
  std::vector<columns::NamedType> types;
  types.reserve(block.column_count());
  for (size_t i = 0; i < block.column_count(); ++i) types.push_back({block.name(i), block.column(i).type()});
  return columns::Block(std::move(types));
}

}  // namespace

RowGroups::RowGroups(const WarehouseOrder& order, std::vector<const WarehouseTable*> tables, const parquet::WriteSettings& settings)
    : order_(order), tables_(std::move(tables)), settings_(settings) {
  for (const WarehouseTable* table : tables_) same_.push_back(same_in_all_rows(order_, table->topic));
}

bool RowGroups::full() const {
  const size_t rows = group_->rows();
  return rows >= settings_.row_group_rows || (rows % step() == 0 && group_->bytes() >= settings_.row_group_bytes);
}

size_t RowGroups::step() const { return std::min(kStep, settings_.row_group_rows); }

void RowGroups::take(size_t rows) {
  const size_t count = std::min({from_->rows() - row_, rows, settings_.row_group_rows - group_->rows()});
  for (size_t i = 0; i < group_->column_count(); ++i) group_->column(i).append_rows(from_->column(i), row_, count);
  group_->set_rows(group_->rows() + count);
  row_ += count;
}

void RowGroups::take_some() {
  const size_t row = row_, rows = group_->rows();
  take(kStride);
  if (group_->bytes() < settings_.row_group_bytes) return;
  group_->truncate(rows), row_ = row;
  while (row_ < from_->rows() && row_ < row + kStride && !full()) take(step() - group_->rows() % step());
}

Result<bool> RowGroups::open_piece() {
  const WarehouseTable& table = *tables_[table_];
  row_ = 0;
  if (piece_ < table.before.pieces.size()) {
    auto block = table.before.spool->read(table.before.pieces[piece_], std::move(read_));
    if (!block) return std::unexpected(block.error());
    read_ = std::move(*block);
    from_ = &read_;
    return true;
  }
  from_ = piece_ == table.before.pieces.size() ? table.rows.get() : nullptr;
  return from_ != nullptr;
}

Result<std::optional<parquet::Rows>> RowGroups::next() {
  if (group_) group_->clear();
  while (table_ < tables_.size()) {
    if (from_ == nullptr) {
      const auto opened = open_piece();
      if (!opened) return std::unexpected(opened.error());
      if (!*opened) {
        ++table_, piece_ = 0;
        // A topic's name stands in the group once.
        const bool other_topic = table_ < tables_.size() && tables_[table_]->topic != tables_[table_ - 1]->topic;
        if ((other_topic || table_ == tables_.size()) && group_ && group_->rows() > 0) return parquet::Rows{&*group_, &same_[table_ - 1]};
        continue;
      }
    }
    if (!group_) group_.emplace(empty_like(*from_));
    while (row_ < from_->rows()) {
      take_some();
      if (full()) return parquet::Rows{&*group_, &same_[table_]};
    }
    from_ = nullptr, ++piece_;
  }
  return std::nullopt;
}

}  // namespace millrace::pipeline

#pragma once
// Rows of an epoch that takes long, on this machine's disk until its plan is written: in a file without a name, of which nothing is left when the process dies or the
// last one who knows it lets go.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/block.h"
#include "pipeline/sinks/warehouse/local_files.h"

namespace millrace::pipeline {

// One thread adds; any thread reads what was added before it was handed on.
class RowSpool {
 public:
  // A block as it was: in ClickHouse's Native format, which costs a copy each way.
  struct Piece {
    uint64_t at = 0, bytes = 0;
    size_t rows = 0;
  };
  explicit RowSpool(std::string folder) : folder_(std::move(folder)) {}
  Result<Piece> add(const columns::Block& block);
  // `spare`: a block that was read before, for its memory.
  Result<columns::Block> read(const Piece& piece, columns::Block spare = {}) const;
  uint64_t bytes() const { return file_ ? file_->size() : 0; }  // of disk; what is dropped takes its place until all is

 private:
  std::string folder_;
  std::optional<UnfinishedFile> file_;  // from the first piece on
};

// Rows of a table, in their order.
struct SpooledRows {
  std::shared_ptr<RowSpool> spool;
  std::vector<RowSpool::Piece> pieces;
  size_t rows = 0;
  std::optional<std::pair<int64_t, int64_t>> event_time_ms;  // least and greatest, if rows have one
};

}  // namespace millrace::pipeline

#include "pipeline/sinks/warehouse/row_spool.h"

#include "columns/native_reader.h"
#include "columns/native_writer.h"

namespace millrace::pipeline {

Result<RowSpool::Piece> RowSpool::add(const columns::Block& block) {
  if (!file_) {
    auto file = UnfinishedFile::nameless(folder_);
    if (!file) return std::unexpected(file.error());
    file_.emplace(std::move(*file));
  }
  columns::Buffer small;
  std::vector<columns::Splice> large;
  columns::NativeWriter native(small, block.column_count(), block.rows(), &large);
  for (size_t i = 0; i < block.column_count(); ++i) native.column(block.name(i), block.column(i));
  const uint64_t at = file_->size();
  for (const std::string_view bytes : columns::pieces_of(small, large))
    if (const Status written = file_->append(bytes); !written) return std::unexpected(written.error());  // what was written of it takes its place
  return Piece{at, file_->size() - at, block.rows()};
}

Result<columns::Block> RowSpool::read(const Piece& piece, columns::Block spare) const {
  std::string bytes(piece.bytes, '\0');
  const auto n = file_->read(piece.at, bytes);
  if (!n) return std::unexpected(n.error());
  if (*n < piece.bytes) return transient("rows that were put aside on disk are no longer there whole: look at the disk");
  std::string_view rest = bytes;
  auto block = columns::read_native(rest, std::move(spare));
  MILLRACE_CHECK(block && block->rows() == piece.rows && rest.empty(), "what was put aside comes back");
  return block;
}

}  // namespace millrace::pipeline

#pragma once
// Blocks into a Parquet file, row group by row group.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columns/block.h"

namespace millrace::parquet {

struct WriteSettings {
  size_t row_group_rows = 1 << 17;    // at most; readers skip and parallelize by row groups
  size_t row_group_bytes = 64 << 20;  // about, of a block's bytes: what is held in memory besides the block is a few times this at most
  int zstd_level = 1;                 // 1–22
};

// What goes into a file together: a block's columns, then those of `same`, whose one row stands for every row.
struct Rows {
  const columns::Block* block = nullptr;
  const columns::Block* same = nullptr;  // may be nullptr
};

// The next row group: all rows of its block, which are at least one and stay until the following call; none: that was all.
using NextGroup = std::function<Result<std::optional<Rows>>()>;

// Writes a whole file of all groups, which have the same columns and are at least one. `append` takes the file's bytes in order; its error, and that of `next`, ends
// the writing and is returned as it is. String columns named in `bytes_columns` hold bytes, others UTF-8. The same groups give the same bytes: nothing of the time
// or the machine is in the file. On the caller's thread; the blocks are only read.
Status write_groups(const NextGroup& next, std::span<const std::string> bytes_columns, const WriteSettings& settings,
                    const std::function<Status(std::string_view)>& append);

// The same of parts that are in memory: at least one, perhaps without rows. Each is cut into row groups.
Status write_file(std::span<const Rows> parts, std::span<const std::string> bytes_columns, const WriteSettings& settings,
                  const std::function<Status(std::string_view)>& append);

}  // namespace millrace::parquet

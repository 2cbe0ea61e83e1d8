#pragma once
// Reads what the comparison needs from a warehouse of Parquet files (docs/warehouse.md).

#include <string>
#include <vector>

#include "base/result.h"
#include "clients/parquet/read_columns.h"
#include "tools/audit/row_reader.h"
#include "tools/audit/warehouse_store.h"

namespace millrace::audit {

// The files that the manifests of a pipeline named when it was opened; what no manifest names isn't there. Immutable; any thread.
class Warehouse {
 public:
  // `pipeline`: whose manifests count. The error: a manifest can't be read.
  static Result<Warehouse> open(std::unique_ptr<WarehouseStore> store, const std::string& pipeline);

  // All rows of the topic. The error: a file that is named can't be read, or has another number of rows than its manifest says.
  Result<Rows> rows(const std::string& topic) const;
  // What rules left out of it.
  Result<LeftOutRanges> left_out(const std::string& topic) const;

 private:
  struct File {
    std::string path, table;
    uint64_t rows = 0;
  };
  using TakeGroup = std::function<Status(std::span<const parquet::Values>, size_t rows)>;
  Status read(const File& file, const std::vector<std::string>& columns, const TakeGroup& take) const;

  std::unique_ptr<WarehouseStore> store_;
  std::vector<File> files_;
};

}  // namespace millrace::audit

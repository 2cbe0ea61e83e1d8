#pragma once
// Reads what the comparison needs from a warehouse of Parquet files (docs/warehouse.md).

#include <string>
#include <vector>

#include "base/result.h"
#include "tools/audit/row_reader.h"

namespace millrace::audit {

// The files that the manifests of a pipeline named when it was opened; what no manifest names isn't there. Immutable; any thread.
class Warehouse {
 public:
  // `pipeline`: whose manifests count. The error: there is no such directory, or a manifest can't be read.
  static Result<Warehouse> open(const std::string& root, const std::string& pipeline);

  // All rows of the topic. The error: a file that is named can't be read, or has another number of rows than its manifest says.
  Result<Rows> rows(const std::string& topic) const;
  // What rules left out of it.
  Result<LeftOutRanges> left_out(const std::string& topic) const;

 private:
  struct File {
    std::string path, table;
    uint64_t rows = 0;
  };
  std::vector<File> files_;
};

}  // namespace millrace::audit

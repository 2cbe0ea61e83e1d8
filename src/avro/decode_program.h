#pragma once
// Avro's binary encoding straight into columns: compiled once for a pair (writer schema, reader schema) into a flat vector of
// operations. Immutable once compiled, so lanes share it; the block belongs to the calling thread.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "avro/column_mapping.h"
#include "avro/decode_ops.h"
#include "base/rejection.h"
#include "columns/block.h"

namespace millrace::avro {

class Schema;

// What a record may cost, whatever its bytes say. Elements and records that take no bytes (null, records of nothing, 2^30 of them by
// thirty names) and default values are charged to a budget; everything else is bounded by the payload's own size.
struct DecodeLimits {
  static constexpr uint32_t kFrames = 128;                // arrays, maps and recursive records inside each other
  static constexpr int64_t kBudget = int64_t{64} << 20;   // bytes of output that came from no byte of input
  static constexpr int64_t kEmptyElement = 256;           // what an element without bytes is charged
  static constexpr size_t kTextBytes = size_t{16} << 20;  // JSON text of one value
};

class DecodeProgram {
 public:
  // Rejection kIncompatibleSchema: no datum of the writer can be read (Avro specification, "Schema Resolution"); a union branch or
  // enum symbol that the reader lacks refuses only the records that hold it.
  static std::expected<DecodeProgram, Rejection> compile(const Schema& writer, const Schema& reader, const MappingOptions& options = {});

  // Decodes payload[begin …] to its end and appends one value to each of the block's first columns().size() columns, which are
  // those of columns(). The caller then appends its own columns and calls block.end_row(). Refused: these columns are as before
  // (truncated to block.rows()), and the rejection names the byte in `payload` and the field. Allocates only to grow a column.
  std::expected<void, Rejection> append(std::string_view payload, size_t begin, columns::Block& block) const;

  // The reader schema's columns: the same for every writer. A block begins with them.
  const std::vector<columns::NamedType>& columns() const { return columns_; }
  size_t op_count() const { return ops_.size(); }

 private:
  friend class DecodeCompiler;
  DecodeProgram() = default;
  Rejection reject(RejectionCode code, const char* what, int64_t byte, uint32_t op) const;

  std::vector<Op> ops_;
  std::vector<uint32_t> targets_;   // jump tables of unions; enum symbols: value + 1, 0 where the reader has none
  std::vector<std::string> texts_;  // JSON fragments, enum symbols
  std::vector<TimeScale> time_scales_;
  std::string constants_;           // encoded default values
  std::vector<uint32_t> op_paths_;  // for each op, of paths_
  std::vector<std::string> paths_;  // a.b[]
  std::vector<columns::NamedType> columns_;
  uint32_t node_count_ = 0;
};

}  // namespace millrace::avro

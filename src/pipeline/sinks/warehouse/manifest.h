#pragma once
// The manifest of a plan: what readers may trust. It is written when all of the plan's files are there for good, and it alone makes them part of the warehouse.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pipeline/sinks/warehouse/warehouse_order.h"

namespace millrace::pipeline {

struct ManifestFile {
  std::string path, table;  // path: from the root
  uint64_t rows = 0, bytes = 0;
  std::optional<std::pair<int64_t, int64_t>> event_time_ms;  // least and greatest, if rows have one
  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  std::string pipeline;
  PlanId plan;
  int64_t time_ms = 0;
  std::vector<WarehouseRange> ranges;
  std::vector<ManifestFile> files;  // one a table that has rows
};

std::string to_json(const Manifest& manifest);
Result<Manifest> parse_manifest(std::string_view json);
// "", or how they differ. The files' sizes may: another version of the writer packs the same rows otherwise.
std::string difference(const Manifest& one, const Manifest& other);

// Least and greatest time in the column, in ms since 1970; none: no row has one, or it isn't a DateTime or DateTime64.
std::optional<std::pair<int64_t, int64_t>> time_span(const columns::Column& column);

}  // namespace millrace::pipeline

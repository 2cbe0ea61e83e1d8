#pragma once
// Writes one plan into the warehouse. Private to the room.

#include <optional>
#include <string>
#include <vector>

#include "clients/metrics/registry.h"
#include "clients/parquet/write_file.h"
#include "pipeline/sinks/warehouse/manifest.h"
#include "pipeline/sinks/warehouse/partition_marks.h"
#include "pipeline/sinks/warehouse/storage.h"

namespace millrace::pipeline {

// On the writer's thread. What an attempt has finished, the next one doesn't repeat.
class PlanWriter {
 public:
  // `cancelled` is asked while bytes are written.
  PlanWriter(const WarehouseOrder& order, Storage& storage, PartitionMarks& marks, const parquet::WriteSettings& settings, metrics::Registry& metrics,
             Cancelled cancelled);

  // nullopt: the plan's files and its manifest are there for good, by us or by another writer of the same plan; a text: other rows than the order's are there under
  // the plan's name, so that nothing may be written. A transient error: call again.
  Result<std::optional<std::string>> attempt();

 private:
  struct File {
    ManifestFile entry;
    std::vector<const WarehouseTable*> tables;
    bool written = false;
  };
  Result<std::optional<std::string>> write(File& file);
  Result<std::optional<std::string>> agrees(const UnfinishedFile& ours, File& file);
  Result<std::optional<std::string>> publish_manifest();
  std::optional<std::string> refused_by(const std::string& manifest) const;
  Manifest manifest() const;

  const WarehouseOrder& order_;
  Storage& storage_;
  PartitionMarks& marks_;
  const parquet::WriteSettings& settings_;
  metrics::Registry& metrics_;
  Cancelled cancelled_;
  std::vector<File> files_;
};

}  // namespace millrace::pipeline

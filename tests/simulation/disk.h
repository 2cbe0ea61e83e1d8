#pragma once
// The warehouse's disk. A file gets its name when it is whole, unless the name is taken; names that aren't synced yet are lost with the
// machine's power, and so are all processes that work on it.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "pipeline/sinks/warehouse/manifest.h"
#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;

struct DiskFile {
  RowsPtr rows;                                // nullptr: it is a manifest
  std::optional<pipeline::Manifest> manifest;  // none: it holds rows
  MadePtr made;
  bool foreign = false;  // somebody else put it there
  bool synced = false;
};

enum class Published { kNew, kWasThere, kFailed };

class Disk {
 public:
  using Reply = std::function<void(Published)>;  // the name is there for good, unless it failed

  explicit Disk(World& world) : world_(world) {}

  // Gives a file its name, or leaves what has it; answers when the name is synced.
  void publish(const std::string& name, const DiskFile& file, const Reply& reply);
  void sync(const std::string& name, const Reply& reply);
  const DiskFile* find(const std::string& name) const;  // nullptr: no such file
  // Does a manifest of this pipeline ("": of any) tell of the partition?
  bool manifested(const std::string& pipeline, TopicId topic, PartitionId partition) const;
  bool full() const;

  void fill();
  void lose_power();
  std::set<PlanId> remove_foreign();  // by the operator: whose plans they were in the way of

 private:
  void sync_later(const std::string& name, Published published, int64_t ms, const Reply& reply);
  DiskFile foreign_for(const DiskFile& file) const;

  World& world_;
  std::map<std::string, DiskFile> files_;
  int64_t free_at_ = 0;
};

}  // namespace millrace::simulation

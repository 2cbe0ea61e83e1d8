#pragma once
// Files under a directory of this machine, which are there whole and for good, or not at all. Names are relative to the root, `/` between folders. Every method
// may be called from any thread and by any number of processes on one root; errors are transient unless only somebody's hand can mend them.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "pipeline/sinks/warehouse/finished_file.h"

namespace millrace::pipeline {

class LocalDirectory {
 public:
  explicit LocalDirectory(std::string root) : root_(std::move(root)) {}
  const std::string& name() const { return root_; }

  // A file in the making, under a name that nobody else has: `.STEM.RANDOM.tmp` in the folder of its name to be. Makes the folders that are missing, but not the root.
  Result<UnfinishedFile> new_file(const std::string& name) const;
  // Syncs the bytes, gives them their name unless a file has it (which is left as it is), and syncs the folders up to the root: whichever file has the name, has it for good.
  Result<Published> publish(UnfinishedFile& file, const std::string& name, const Cancelled& = {}) const;
  Result<std::optional<std::string>> read(const std::string& name) const;  // none: no such file
  Result<FinishedFile> open(const std::string& name, const Cancelled&) const { return FinishedFile{root_ + "/" + name, std::nullopt}; }
  Status settle(const std::string& name) const;  // after this, a file that is there stays there: its writer may not have come so far
  // Removes what writers that died have left behind, if nobody wrote to it for so long. Ends early when `stop` says so. How many files went.
  size_t sweep(std::chrono::seconds older_than, const std::function<bool()>& stop) const;

 private:
  std::string root_;
};

}  // namespace millrace::pipeline

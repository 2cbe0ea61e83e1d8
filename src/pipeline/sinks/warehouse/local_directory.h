#pragma once
// Files under a directory of this machine, which are there whole and for good, or not at all. Names are relative to the root, `/` between folders. Every method
// may be called from any thread and by any number of processes on one root; errors are transient unless only somebody's hand can mend them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::pipeline {

// A file in the making, under a name that nobody else has: `.STEM.RANDOM.tmp` in the folder of its name to be. Destroyed, it takes that name away. One thread.
class NewFile {
 public:
  enum class Published { kNew, kWasThere };

  NewFile(std::string root, const std::string& name);
  ~NewFile();
  NewFile(const NewFile&) = delete;

  Status open();  // makes the folders that are missing
  Status append(std::string_view bytes);
  // Syncs the bytes, gives them their name unless a file has it (which is left as it is), and syncs the folders up to the root: whichever file has the name, has it for good.
  Result<Published> publish();
  uint64_t size() const { return size_; }
  const std::string& temporary_path() const { return temporary_; }
  const std::string& path() const { return path_; }

 private:
  Status sync_folders() const;
  std::string root_, path_, temporary_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

class LocalDirectory {
 public:
  explicit LocalDirectory(std::string root) : root_(std::move(root)) {}
  const std::string& root() const { return root_; }

  Result<std::optional<std::string>> read(const std::string& name) const;  // none: no such file
  Status sync(const std::string& name) const;                              // the file's folder: after this a file that is there stays there
  // Removes what writers that died have left behind, if nobody wrote to it for so long. Ends early when `stop` says so. How many files went.
  size_t sweep(std::chrono::seconds older_than, const std::function<bool()>& stop) const;

 private:
  std::string root_;
};

// Errors as Result has them.
Result<bool> same_bytes(const std::string& path, const std::string& other_path);
Result<uint64_t> file_size(const std::string& path);

}  // namespace millrace::pipeline

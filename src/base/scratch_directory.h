#pragma once
// A directory under $TMPDIR (or /tmp), gone at the end.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace millrace {

class ScratchDirectory {
 public:
  ScratchDirectory() : path_((std::filesystem::temp_directory_path() / "millrace_XXXXXX").string()) {
    MILLRACE_CHECK(::mkdtemp(path_.data()) != nullptr, path_ + ": can't be made");
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace millrace

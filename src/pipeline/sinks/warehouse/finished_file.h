#pragma once
// What both kinds of storage say of files. Private to the room.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "pipeline/sinks/warehouse/local_files.h"

namespace millrace::pipeline {

enum class Published { kNew, kWasThere };
using Cancelled = std::function<bool()>;  // asked while bytes go over the network

// A file of the warehouse, to be read on this machine while this lives.
struct FinishedFile {
  std::string path;
  std::optional<UnfinishedFile> copy;  // none: the path is the warehouse's own
};

}  // namespace millrace::pipeline

#pragma once
// Where a warehouse is: a directory of this machine, or a bucket. Files are there whole and for good, or not at all; the first one of a name stays.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "pipeline/sinks/warehouse/bucket_folder.h"
#include "pipeline/sinks/warehouse/local_directory.h"

namespace millrace::pipeline {

struct StorageSettings {
  std::string directory{};                // exists; or, where it is "":
  object_store::BucketSettings bucket{};  // exists, too
  std::string prefix{};                   // of all keys, as a folder
  std::string spool{};                    // a folder of this machine for what isn't finished; "": the directory, or the system's folder for temporary files
};

std::string spool_folder(const StorageSettings& settings);
std::string storage_name(const StorageSettings& settings);  // for messages; "": there is none

// The methods are those of LocalDirectory, where it is said what they do. One thread at a time.
class Storage {
 public:
  explicit Storage(const StorageSettings& settings);
  const std::string& name() const {
    return std::visit([](const auto& of) -> const std::string& { return of.name(); }, kind_);
  }
  Result<UnfinishedFile> new_file(const std::string& name) {
    return std::visit([&](auto& of) { return of.new_file(name); }, kind_);
  }
  Result<Published> publish(UnfinishedFile& file, const std::string& name, const Cancelled& cancelled = {}) {
    return std::visit([&](auto& of) { return of.publish(file, name, cancelled); }, kind_);
  }
  Result<std::optional<std::string>> read(const std::string& name) {
    return std::visit([&](auto& of) { return of.read(name); }, kind_);
  }
  Result<FinishedFile> open(const std::string& name, const Cancelled& cancelled) {
    return std::visit([&](auto& of) { return of.open(name, cancelled); }, kind_);
  }
  Status settle(const std::string& name) {
    return std::visit([&](auto& of) { return of.settle(name); }, kind_);
  }
  size_t sweep(std::chrono::seconds older_than, const std::function<bool()>& stop) {
    return std::visit([&](auto& of) { return of.sweep(older_than, stop); }, kind_);
  }

 private:
  std::variant<LocalDirectory, BucketFolder> kind_;
};

}  // namespace millrace::pipeline

#pragma once
// The same, as objects of a bucket whose keys begin with a prefix: an object is there whole or not at all, and stays.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "clients/object_store/bucket.h"
#include "pipeline/sinks/warehouse/finished_file.h"

namespace millrace::pipeline {

// One thread at a time. Files in the making, and copies, are files without a name in the folder `spool`: nothing is left of them when the process dies.
class BucketFolder {
 public:
  BucketFolder(object_store::BucketSettings bucket, const std::string& prefix, std::string spool);
  const std::string& name() const { return name_; }

  Result<UnfinishedFile> new_file(const std::string&) const { return UnfinishedFile::nameless(spool_); }
  Result<Published> publish(UnfinishedFile& file, const std::string& name, const Cancelled& cancelled);
  Result<std::optional<std::string>> read(const std::string& name);
  Result<FinishedFile> open(const std::string& name, const Cancelled& cancelled);
  Status settle(const std::string&) const { return {}; }
  size_t sweep(std::chrono::seconds, const std::function<bool()>&) const { return 0; }

 private:
  object_store::Bucket bucket_;
  std::string prefix_, spool_, name_;
};

}  // namespace millrace::pipeline

#pragma once
// Where a warehouse's files are: a directory of this machine, or a bucket of S3 with a prefix.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/object_store/bucket.h"

namespace millrace::audit {

// Any thread. Paths are relative to the warehouse. The errors name the file and the store.
class WarehouseStore {
 public:
  virtual ~WarehouseStore() = default;
  virtual std::string name() const = 0;                                 // as a person writes it
  virtual Result<std::vector<std::string>> manifests() const = 0;       // paths of all that is below _manifest and ends in .json
  virtual Result<std::string> read(const std::string& path) const = 0;  // a small one
  // Calls `use` with the name of a file on this machine that has its bytes, for as long as the call lasts.
  virtual Status with_file(const std::string& path, const std::function<Status(const std::string& file)>& use) const = 0;
};

// `root`: a directory, which must be there, or s3://BUCKET/PREFIX; `bucket` says where such a bucket is (its name comes from `root`).
Result<std::unique_ptr<WarehouseStore>> open_store(const std::string& root, object_store::BucketSettings bucket);

}  // namespace millrace::audit

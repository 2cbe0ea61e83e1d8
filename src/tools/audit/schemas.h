#pragma once
// The writers' schemas, from the registry, each asked for once.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "tools/audit/datum.h"

namespace millrace::audit {

// Thread-safe.
class Schemas {
 public:
  explicit Schemas(std::string registry_url) : url_(std::move(registry_url)) {}
  // nullptr: the registry says that there is no such schema. The pointer lives as long as this.
  Result<const DatumReader*> find(uint32_t id);

 private:
  std::string url_;
  std::mutex mutex_;
  std::map<uint32_t, std::unique_ptr<DatumReader>> by_id_;
};

}  // namespace millrace::audit

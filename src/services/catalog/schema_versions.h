#pragma once
// Every registered version of topics' schemas, as columns: what rules must be right for.

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rules/rule_set_check.h"

namespace millrace::catalog {

// Any thread. Which versions there are is asked each time; what a version is never changes, and is asked once.
class SchemaVersions {
 public:
  explicit SchemaVersions(std::string registry) : registry_(std::move(registry)) {}

  // All topics T with a subject T-value.
  Result<std::vector<std::string>> topics();
  // Oldest first; empty: there are none. Permanent errors name what has no columns.
  Result<std::vector<rules::TopicVersion>> versions_of(const std::string& topic);

 private:
  Result<rules::TopicVersion> version(const std::string& subject, int64_t number);

  const std::string registry_;  // URL
  std::mutex mutex_;            // guards what is known
  std::map<std::pair<std::string, int64_t>, rules::TopicVersion> known_;
};

}  // namespace millrace::catalog

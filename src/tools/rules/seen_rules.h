#pragma once
// What was last seen of each tenant's rules in a catalog, kept beside the files: so that a push replaces that, and nothing that somebody else
// put there meanwhile. A file, .millrace-catalog.json, of {catalog's URL: {tenant: {"etag": …, "version": …}}}; it belongs to a working copy, not into
// a repository.

#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace millrace::rules_tools {

class SeenRules {
 public:
  static constexpr const char* kFileName = ".millrace-catalog.json";
  // A file that isn't there, or isn't readable, has seen nothing.
  SeenRules(const std::string& directory, std::string catalog_url);

  std::optional<std::string> etag(const std::string& tenant) const;
  Status saw(const std::string& tenant, const std::string& etag, const std::string& version);  // written at once

 private:
  std::string path_, url_;
};

}  // namespace millrace::rules_tools

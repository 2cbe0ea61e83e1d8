#pragma once
// A few tenants' rules and tables for the demo's catalog, as a user would upload them.

#include <string>

#include "base/result.h"

namespace millrace::demo {

// Uploads contracts/rules to an empty catalog; one that has a version already stays as it is: somebody may have changed it.
Status publish_example_rules(const std::string& catalog_url);

// The secret that pseudonyms are made with; made up when the file isn't there.
Status make_pseudonym_key(const std::string& file);

}  // namespace millrace::demo

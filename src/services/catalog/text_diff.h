#pragma once

#include <string>
#include <string_view>

namespace millrace::catalog {

// A unified diff as of `diff -u` with three lines around each change; "" if the texts are equal. Shortest for up to 1,000 changed
// lines; beyond that, whatever lies between the common beginning and end counts as changed.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name, std::string_view after_name);

}  // namespace millrace::catalog

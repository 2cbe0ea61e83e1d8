#pragma once
// Just enough XML for the answers of S3 and STS: elements with text, without attributes that matter.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::object_store {

// What stands between the first <name …> and its end, entities replaced; none: there is no such element.
std::optional<std::string> element(std::string_view xml, std::string_view name);
// What stands between each <name> and its end, as it is.
std::vector<std::string_view> elements(std::string_view xml, std::string_view name);

}  // namespace millrace::object_store

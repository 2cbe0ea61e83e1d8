#pragma once
// The path of a request against a pattern. Pieces are decoded one by one, so that a name may hold a slash ("a%2Fb").

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::http_server {

// `pattern` is "/subjects/{subject}/versions"; what stands in braces matches any one piece that isn't empty. Returns these pieces,
// percent-decoded. `target` is as the request line has it; what follows a '?' is left out.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view target);

}  // namespace millrace::http_server

#pragma once
// The path of a request against a pattern. Pieces are decoded one by one, so that a subject may hold a slash ("a%2Fb").

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::registry {

// `pattern` is "/subjects/{subject}/versions"; what stands in braces matches any one piece that isn't empty. Returns these pieces,
// percent-decoded. `target` is as the request line has it; what follows a '?' is left out.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view target);

// Confluent's rule, and UTF-8, which the record of a schema must be.
bool is_valid_subject(std::string_view subject);

}  // namespace millrace::registry

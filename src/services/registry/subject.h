#pragma once

#include <string_view>

namespace millrace::registry {

// Confluent's rule, and UTF-8, which the record of a schema must be.
bool is_valid_subject(std::string_view subject);

}  // namespace millrace::registry

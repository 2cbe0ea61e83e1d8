#pragma once
// A whole file's text.

#include <string>

#include "base/result.h"

namespace millrace::rules_tools {

Result<std::string> text_of_file(const std::string& path);  // "-": standard input

}  // namespace millrace::rules_tools

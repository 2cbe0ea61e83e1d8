#pragma once
// JSON (RFC 8259) as a tree of the kind that files of rules are: numbers as they are written. JSON Lines have a line for each, so places count
// from column 1 of it alone and are where the line begins.

#include <expected>
#include <string>
#include <string_view>

#include "rules/rule_file.h"

namespace millrace::rules_tools {

std::expected<rules::FileNode, std::string> json_tree(std::string_view text, uint32_t line);

}  // namespace millrace::rules_tools

#pragma once
// CEL's grammar (cel-spec, langdef.md, "Syntax") by recursive descent; macros are expanded on the way.

#include <expected>
#include <string_view>

#include "rules/ast.h"
#include "rules/diagnostic.h"

namespace millrace::rules {

// Whatever the input: time and memory grow with the source, and recursion ends at the depth. CEL asks for at least 32 levels.
struct ParseLimits {
  uint32_t source_bytes_max = 16'384;
  uint32_t nodes_max = 4'000;
  uint32_t depth_max = 200;  // of the tree, and of brackets
};

// The tree, or what is wrong: syntax ends at its first error, since what follows would be guesses.
std::expected<Ast, Diagnostics> parse(std::string_view source, const ParseLimits& limits = {});

}  // namespace millrace::rules

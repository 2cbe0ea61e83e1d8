#pragma once
// A tree as source again, with no more parentheses than it needs: parse(unparse(tree)) is the same tree.

#include <string>

#include "rules/ast.h"

namespace millrace::rules {

std::string unparse(const Ast& ast, NodeId id);
inline std::string unparse(const Ast& ast) { return unparse(ast, ast.root()); }

}  // namespace millrace::rules

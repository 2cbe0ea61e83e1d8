#include "rules/columns_used.h"

#include <vector>

namespace millrace::rules {
namespace {

// The columns of what is selected from a lookup's row are the reference table's.
bool is_of_the_event(const Ast& ast, NodeId id) {
  while (ast.node(id).kind == NodeKind::kSelect || (ast.node(id).kind == NodeKind::kHas && ast.node(id).child_count > 0)) id = ast.child(id, 0);
  return ast.node(id).kind == NodeKind::kName || ast.node(id).kind == NodeKind::kHas;
}

}  // namespace

std::set<int32_t> columns_used(const Checked& expression) {
  std::set<int32_t> used;
  const Ast& ast = expression.ast;
  std::vector<NodeId> open{ast.root()};
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (expression.resolved[id].column >= 0 && is_of_the_event(ast, id)) used.insert(expression.resolved[id].column);
    const auto children = ast.children(id);
    open.insert(open.end(), children.begin(), children.end());
  }
  return used;
}

}  // namespace millrace::rules

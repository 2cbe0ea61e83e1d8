#include "rules/rule_cost.h"

#include <vector>

namespace millrace::rules {
namespace {

uint64_t own_cost(const Checked& expression, NodeId id) {
  const Node& node = expression.ast.node(id);
  if (node.kind != NodeKind::kCall && node.kind != NodeKind::kMethod) return node.kind == NodeKind::kOperator || node.kind == NodeKind::kHas ? 1 : 0;
  const std::string_view name = expression.ast.text(id);
  if (name == "sha256" || name == "hmac") return 40;
  if (name == "matches") return 20;
  if (name == "lookup") return 10;
  if (name == "orValue" || name == "size") return 1;
  return 4;
}

}  // namespace

uint64_t cost_of(const Checked& expression) {
  struct Open {
    NodeId id;
    uint64_t times;
  };
  const Ast& ast = expression.ast;
  uint64_t cost = 1;  // a column is read, or a constant written
  std::vector<Open> open{{ast.root(), 1}};
  while (!open.empty()) {
    const auto [id, times] = open.back();
    open.pop_back();
    cost += own_cost(expression, id) * times;
    const bool repeats = ast.node(id).kind == NodeKind::kComprehension;
    if (repeats) cost += kLengthGuess * times;
    for (size_t i = 0; i < ast.node(id).child_count; ++i) open.push_back({ast.child(id, i), repeats && i > 0 ? times * kLengthGuess : times});
  }
  return cost;
}

}  // namespace millrace::rules

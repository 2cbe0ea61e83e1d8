#include "rules/ast.h"

#include <algorithm>

namespace millrace::rules {

NodeId Ast::add(Node node, std::string_view text, std::span<const NodeId> children) {
  node.text_begin = static_cast<uint32_t>(texts_.size()), node.text_size = static_cast<uint32_t>(text.size());
  node.children_begin = static_cast<uint32_t>(children_.size()), node.child_count = static_cast<uint32_t>(children.size());
  node.depth = 1;
  for (const NodeId child : children) node.depth = std::max(node.depth, static_cast<uint16_t>(nodes_[child].depth + 1));
  texts_.append(text);
  children_.insert(children_.end(), children.begin(), children.end());
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

void Ast::replace(NodeId id, NodeKind kind, uint64_t bits, std::string_view text) {
  Node& node = nodes_[id];
  node.text_begin = static_cast<uint32_t>(texts_.size()), node.text_size = static_cast<uint32_t>(text.size());
  texts_ += std::string(text);  // text may be a view of texts_
  node.kind = kind, node.bits = bits, node.child_count = 0, node.depth = 1;
  node.op = Operator::kNone, node.macro = Macro::kNone;
}

bool Ast::same(NodeId id, const Ast& other, NodeId other_id) const {
  const Node &a = node(id), &b = other.node(other_id);
  if (a.kind != b.kind || a.op != b.op || a.macro != b.macro || a.bits != b.bits || a.child_count != b.child_count) return false;
  if (text(id) != other.text(other_id)) return false;
  for (size_t i = 0; i < a.child_count; ++i) {
    if (!same(child(id, i), other, other.child(other_id, i))) return false;
  }
  return true;
}

std::string_view symbol(Operator op) {
  switch (op) {
    case Operator::kNone: return "";
    case Operator::kConditional: return "?:";
    case Operator::kOr: return "||";
    case Operator::kAnd: return "&&";
    case Operator::kEqual: return "==";
    case Operator::kNotEqual: return "!=";
    case Operator::kLess: return "<";
    case Operator::kLessEqual: return "<=";
    case Operator::kGreater: return ">";
    case Operator::kGreaterEqual: return ">=";
    case Operator::kIn: return "in";
    case Operator::kAdd: return "+";
    case Operator::kSubtract: return "-";
    case Operator::kMultiply: return "*";
    case Operator::kDivide: return "/";
    case Operator::kModulo: return "%";
    case Operator::kNot: return "!";
    case Operator::kNegate: return "-";
    case Operator::kIndex: return "[]";
  }
  return "";
}

std::string_view name(Macro macro) {
  switch (macro) {
    case Macro::kNone: return "";
    case Macro::kAll: return "all";
    case Macro::kExists: return "exists";
    case Macro::kExistsOne: return "exists_one";
    case Macro::kMap: return "map";
    case Macro::kFilter: return "filter";
  }
  return "";
}

}  // namespace millrace::rules

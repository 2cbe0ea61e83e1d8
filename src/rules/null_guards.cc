// Which guards make a nullable value usable: has(x), x != null, x == a value that isn't null; through !, &&, || and ?:.
#include <algorithm>

#include "rules/check_pass.h"
#include "rules/literal.h"

namespace millrace::rules {
namespace {

constexpr size_t kKeyMax = 400;   // longer paths aren't followed
constexpr size_t kKeysMax = 200;  // nor more of them in one condition

std::set<std::string> both(std::set<std::string> a, std::set<std::string> b) {
  a.merge(b);
  while (a.size() > kKeysMax) a.erase(std::prev(a.end()));
  return a;
}
std::set<std::string> common(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

// Looks through what not_null_if looks through.
bool has_conditional(const Ast& ast, NodeId id) {
  const Node& node = ast.node(id);
  if (node.kind != NodeKind::kOperator) return false;
  if (node.op == Operator::kConditional) return true;
  if (node.op != Operator::kNot && node.op != Operator::kAnd && node.op != Operator::kOr) return false;
  const auto children = ast.children(id);
  return std::any_of(children.begin(), children.end(), [&](NodeId child) { return has_conditional(ast, child); });
}

}  // namespace

std::string CheckPass::key(NodeId id) const {
  const Node& node = ast_.node(id);
  const auto below = [&](const std::string& operand, const std::string& rest) { return operand.empty() || operand.size() > kKeyMax ? "" : operand + rest; };
  switch (node.kind) {
    case NodeKind::kName: {
      const uint32_t variable = resolved_[id].variable;
      const std::string_view text = ast_.text(id);
      return variable > 0 ? "#" + std::to_string(variable) : std::string(text.substr(text.starts_with('.')));
    }
    case NodeKind::kSelect: return below(key(ast_.child(id, 0)), "." + std::string(ast_.text(id)));
    case NodeKind::kHas:  // the key of what it asks for
      if (node.child_count == 0) return std::string(ast_.text(id).substr(ast_.text(id).starts_with('.')));
      return below(key(ast_.child(id, 0)), "." + std::string(ast_.text(id)));
    case NodeKind::kString: return quote_string(ast_.text(id));
    case NodeKind::kInt: return std::to_string(node.as_int());
    case NodeKind::kUint: return std::to_string(node.bits) + "u";
    case NodeKind::kBool: return node.as_bool() ? "true" : "false";
    case NodeKind::kOperator:
      if (node.op != Operator::kIndex) return "";
      if (const std::string index = below(key(ast_.child(id, 1)), "]"); !index.empty()) return below(key(ast_.child(id, 0)), "[" + index);
      return "";
    case NodeKind::kCall: {
      if (ast_.text(id) != "lookup" || node.child_count != 2) return "";
      const std::string table = key(ast_.child(id, 0)), of = key(ast_.child(id, 1));
      return table.empty() || of.empty() ? "" : below("lookup(" + table, "," + of + ")");
    }
    default: return "";
  }
}

bool CheckPass::guarded(NodeId id) const {
  if (guards_.empty()) return false;
  const std::string own = key(id);
  return !own.empty() && std::any_of(guards_.begin(), guards_.end(), [&](const Keys& keys) { return keys.contains(own); });
}

CheckPass::Keys CheckPass::not_null_if(NodeId condition, bool value) const {
  const Node& node = ast_.node(condition);
  const auto of = [&](size_t i, bool when) { return not_null_if(ast_.child(condition, i), when); };
  const auto only = [&](NodeId id) {
    std::string own = key(id);
    return own.empty() ? Keys() : Keys{std::move(own)};
  };
  if (node.kind == NodeKind::kHas) {
    // A key that is in a map may still have null beside it.
    const bool in_map = node.child_count > 0 && type(ast_.child(condition, 0)).is(TypeKind::kMap);
    return value && !in_map ? only(condition) : Keys();
  }
  if (node.kind != NodeKind::kOperator) return {};
  switch (node.op) {
    case Operator::kNot: return of(0, !value);
    case Operator::kAnd:
    case Operator::kOr: {
      Keys keys = of(0, value);
      for (size_t i = 1; i < node.child_count; ++i)
        keys = value == (node.op == Operator::kAnd) ? both(std::move(keys), of(i, value)) : common(keys, of(i, value));
      return keys;
    }
    case Operator::kConditional:
      // Both outcomes of the condition are asked for, which would double at each level of conditionals inside of it.
      if (has_conditional(ast_, ast_.child(condition, 0))) return common(of(1, value), of(2, value));
      return common(both(of(0, true), of(1, value)), both(of(0, false), of(2, value)));
    case Operator::kEqual:
    case Operator::kNotEqual: {
      const NodeId a = ast_.child(condition, 0), b = ast_.child(condition, 1);
      const bool equal = value == (node.op == Operator::kEqual);
      const auto is_null = [&](NodeId id) { return type(id).is(TypeKind::kNull); };
      const auto has_value = [&](NodeId id) { return !is_null(id) && !type(id).nullable && !wrong(id); };
      if (is_null(b)) return equal ? Keys() : only(a);
      if (is_null(a)) return equal ? Keys() : only(b);
      if (!equal) return {};
      return both(has_value(b) ? only(a) : Keys(), has_value(a) ? only(b) : Keys());
    }
    default: return {};
  }
}

}  // namespace millrace::rules

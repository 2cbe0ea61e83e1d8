#include "rules/unparse.h"

#include "rules/literal.h"

namespace millrace::rules {
namespace {

constexpr int kUnary = 6, kMember = 7;

// How tightly a node holds together: 0 the conditional, 7 what needs no parentheses anywhere.
int precedence(const Node& node) {
  if (node.kind != NodeKind::kOperator) return kMember;
  switch (node.op) {
    case Operator::kConditional: return 0;
    case Operator::kOr: return 1;
    case Operator::kAnd: return 2;
    case Operator::kAdd:
    case Operator::kSubtract: return 4;
    case Operator::kMultiply:
    case Operator::kDivide:
    case Operator::kModulo: return 5;
    case Operator::kNot:
    case Operator::kNegate: return kUnary;
    case Operator::kIndex: return kMember;
    default: return 3;
  }
}

class Writer {
 public:
  explicit Writer(const Ast& ast) : ast_(ast) {}

  void write(NodeId id, int least) {
    const bool parentheses = precedence(ast_.node(id)) < least;
    if (parentheses) out += '(';
    node(id);
    if (parentheses) out += ')';
  }
  std::string out;

 private:
  void node(NodeId id) {
    const Node& node = ast_.node(id);
    const std::string_view text = ast_.text(id);
    switch (node.kind) {
      case NodeKind::kNull: out += "null"; break;
      case NodeKind::kBool: out += node.as_bool() ? "true" : "false"; break;
      case NodeKind::kInt: out += std::to_string(node.as_int()); break;
      case NodeKind::kUint: out += std::to_string(node.bits) + "u"; break;
      case NodeKind::kDouble: out += text; break;
      case NodeKind::kString: out += quote_string(text); break;
      case NodeKind::kBytes: out += quote_bytes(text); break;
      case NodeKind::kDuration: out += "duration(" + quote_string(std::to_string(node.as_int()) + "ns") + ")"; break;
      case NodeKind::kName: out += text; break;
      case NodeKind::kSelect: write(ast_.child(id, 0), kMember), (out += '.') += text; break;
      case NodeKind::kHas:
        out += "has(";
        if (node.child_count > 0) write(ast_.child(id, 0), kMember), out += '.';
        (out += text) += ')';
        break;
      case NodeKind::kOperator: operation(id); break;
      case NodeKind::kCall: (out += text) += '(', list(id, 0), out += ')'; break;
      case NodeKind::kMethod: write(ast_.child(id, 0), kMember), ((out += '.') += text) += '(', list(id, 1), out += ')'; break;
      case NodeKind::kList: out += '[', list(id, 0), out += ']'; break;
      case NodeKind::kMap:
        out += '{';
        for (size_t i = 0; i < node.child_count; ++i) out += i == 0 ? "" : i % 2 == 1 ? ": " : ", ", write(ast_.child(id, i), 0);
        out += '}';
        break;
      case NodeKind::kComprehension:
        write(ast_.child(id, 0), kMember);
        ((((out += '.') += name(node.macro)) += '(') += text) += ", ";
        list(id, 1), out += ')';
        break;
    }
  }
  void list(NodeId id, size_t first) {
    for (size_t i = first; i < ast_.node(id).child_count; ++i) out += i == first ? "" : ", ", write(ast_.child(id, i), 0);
  }
  void operation(NodeId id) {
    const Node& node = ast_.node(id);
    const auto operand = [&](size_t i) { return ast_.child(id, i); };
    const int own = precedence(node);
    switch (node.op) {
      case Operator::kConditional: write(operand(0), 1), out += " ? ", write(operand(1), 1), out += " : ", write(operand(2), 0); break;
      case Operator::kIndex: write(operand(0), kMember), out += '[', write(operand(1), 0), out += ']'; break;
      case Operator::kNot:
      case Operator::kNegate: unary(node.op, operand(0)); break;
      default:  // left to right: an equal on the right needs parentheses, and the n-ary ones everywhere
        write(operand(0), node.op == Operator::kOr || node.op == Operator::kAnd ? own + 1 : own);
        for (size_t i = 1; i < node.child_count; ++i) ((out += ' ') += symbol(node.op)) += ' ', write(operand(i), own + 1);
    }
  }
  void unary(Operator op, NodeId operand) {
    const Node& inner = ast_.node(operand);
    const bool same = inner.kind == NodeKind::kOperator && inner.op == op;
    out += symbol(op);
    // Written bare, a number (or what begins with one: `-1.f()`) would take the minus as its sign.
    const bool bare = same || !(op == Operator::kNegate && begins_with_number(operand));
    if (bare && !(op == Operator::kNot && begins_with_minus(operand)))
      write(operand, same ? kUnary : kMember);
    else
      out += '(', node(operand), out += ')';
  }
  NodeId first_of(NodeId id) const {
    for (;;) {
      const Node& node = ast_.node(id);
      const bool goes_on = node.kind == NodeKind::kSelect || node.kind == NodeKind::kMethod || node.kind == NodeKind::kComprehension ||
                           (node.kind == NodeKind::kOperator && node.op == Operator::kIndex);
      if (!goes_on) return id;
      id = ast_.child(id, 0);
    }
  }
  bool begins_with_number(NodeId id) const {
    const NodeKind kind = ast_.node(first_of(id)).kind;
    return kind == NodeKind::kInt || kind == NodeKind::kDouble;
  }
  bool begins_with_minus(NodeId id) const {
    const Node& first = ast_.node(first_of(id));
    return (first.kind == NodeKind::kInt && first.as_int() < 0) || (first.kind == NodeKind::kDouble && ast_.text(first_of(id)).starts_with('-'));
  }

  const Ast& ast_;
};

}  // namespace

std::string unparse(const Ast& ast, NodeId id) {
  Writer writer(ast);
  writer.write(id, 0);
  return std::move(writer.out);
}

}  // namespace millrace::rules

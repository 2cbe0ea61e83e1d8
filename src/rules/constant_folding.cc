#include "rules/constant_folding.h"

#include <cmath>
#include <compare>
#include <limits>

#include "rules/literal.h"

namespace millrace::rules {
namespace {

const char* const kIntOverflow = "the result doesn't fit into an int: 64 bits, -9223372036854775808 to 9223372036854775807";
const char* const kUintOverflow = "the result doesn't fit into a uint: 64 bits, 0 to 18446744073709551615";

class Folder {
 public:
  Folder(Ast& ast, NodeId id) : ast_(ast), id_(id) {}

  std::optional<std::string> operation() {
    const Node node = ast_.node(id_);
    if (node.op == Operator::kAnd || node.op == Operator::kOr) return logical(node);
    if (node.op == Operator::kNot) return put(NodeKind::kBool, !operand(0).as_bool());
    if (node.op == Operator::kNegate) return negate();
    if (node.child_count != 2 || node.op == Operator::kIndex || node.op == Operator::kIn) return std::nullopt;
    if (operand(0).kind != operand(1).kind) return std::nullopt;
    if (node.op >= Operator::kEqual && node.op <= Operator::kGreaterEqual) return comparison(node.op);
    switch (operand(0).kind) {
      case NodeKind::kInt: return integers<int64_t>(node.op, NodeKind::kInt, kIntOverflow);
      case NodeKind::kUint: return integers<uint64_t>(node.op, NodeKind::kUint, kUintOverflow);
      case NodeKind::kDouble: return doubles(node.op);
      case NodeKind::kString:
      case NodeKind::kBytes:
        if (node.op == Operator::kAdd) put(operand(0).kind, 0, std::string(text(0)) + std::string(text(1)));
        return std::nullopt;
      default: return std::nullopt;
    }
  }

  std::optional<std::string> call() {
    const std::string function(ast_.text(id_));
    const Node node = ast_.node(id_);
    if (node.child_count == 2 && operand(0).kind == NodeKind::kString && operand(1).kind == NodeKind::kString) {
      if (function == "contains") return put(NodeKind::kBool, text(0).find(text(1)) != std::string_view::npos);
      if (function == "startsWith") return put(NodeKind::kBool, text(0).starts_with(text(1)));
      if (function == "endsWith") return put(NodeKind::kBool, text(0).ends_with(text(1)));
    }
    if (node.child_count != 1) return std::nullopt;
    const NodeKind kind = operand(0).kind;
    if (kind == NodeKind::kString) return from_string(function);
    if (function == "int" && kind == NodeKind::kInt) return put(kind, operand(0).bits);
    if (function == "uint" && kind == NodeKind::kUint) return put(kind, operand(0).bits);
    if (function == "uint" && kind == NodeKind::kInt)
      return operand(0).as_int() < 0 ? std::optional<std::string>(kUintOverflow) : put(NodeKind::kUint, operand(0).bits);
    if (function == "int" && kind == NodeKind::kUint)
      return operand(0).as_int() < 0 ? std::optional<std::string>(kIntOverflow) : put(NodeKind::kInt, operand(0).bits);
    if (function == "double" && kind == NodeKind::kInt) return put_double(static_cast<double>(operand(0).as_int()));
    if (function == "double" && kind == NodeKind::kUint) return put_double(static_cast<double>(operand(0).bits));
    if (function == "string" && kind == NodeKind::kInt) return put(NodeKind::kString, 0, std::to_string(operand(0).as_int()));
    if (function == "string" && kind == NodeKind::kUint) return put(NodeKind::kString, 0, std::to_string(operand(0).bits));
    if (function == "string" && kind == NodeKind::kBool) return put(NodeKind::kString, 0, operand(0).as_bool() ? "true" : "false");
    return std::nullopt;
  }

 private:
  const Node& operand(size_t i) const { return ast_.node(ast_.child(id_, i)); }
  std::string_view text(size_t i) const { return ast_.text(ast_.child(id_, i)); }
  std::optional<std::string> put(NodeKind kind, uint64_t bits, const std::string& value = "") { return ast_.replace(id_, kind, bits, value), std::nullopt; }
  // What isn't finite has no literal, so the node stays as it is.
  std::optional<std::string> put_double(double value) {
    if (std::isfinite(value)) put(NodeKind::kDouble, std::bit_cast<uint64_t>(value), spell_double(value));
    return std::nullopt;
  }

  std::optional<std::string> logical(const Node& node) {
    const bool is_and = node.op == Operator::kAnd;
    bool value = is_and;
    for (size_t i = 0; i < node.child_count; ++i) value = is_and ? value && operand(i).as_bool() : value || operand(i).as_bool();
    return put(NodeKind::kBool, value);
  }
  std::optional<std::string> negate() {
    if (operand(0).kind == NodeKind::kDouble) return put_double(-operand(0).as_double());
    if (operand(0).kind != NodeKind::kInt) return std::nullopt;
    int64_t value = 0;
    if (__builtin_sub_overflow(int64_t{0}, operand(0).as_int(), &value)) return kIntOverflow;
    return put(NodeKind::kInt, static_cast<uint64_t>(value));
  }
  template <class T>
  std::optional<std::string> integers(Operator op, NodeKind kind, const char* overflow) {
    const T a = static_cast<T>(operand(0).bits), b = static_cast<T>(operand(1).bits);
    T value = 0;
    bool over = false;
    switch (op) {
      case Operator::kAdd: over = __builtin_add_overflow(a, b, &value); break;
      case Operator::kSubtract: over = __builtin_sub_overflow(a, b, &value); break;
      case Operator::kMultiply: over = __builtin_mul_overflow(a, b, &value); break;
      case Operator::kDivide:
      case Operator::kModulo:
        if (b == 0) return std::nullopt;  // told by fold()
        over = std::numeric_limits<T>::is_signed && a == std::numeric_limits<T>::min() && b == static_cast<T>(-1);
        if (!over) value = op == Operator::kDivide ? a / b : a % b;
        break;
      default: return std::nullopt;
    }
    if (over) return overflow;
    return put(kind, static_cast<uint64_t>(value));
  }
  std::optional<std::string> doubles(Operator op) {
    const double a = operand(0).as_double(), b = operand(1).as_double();
    switch (op) {
      case Operator::kAdd: return put_double(a + b);
      case Operator::kSubtract: return put_double(a - b);
      case Operator::kMultiply: return put_double(a * b);
      case Operator::kDivide: return put_double(a / b);
      default: return std::nullopt;
    }
  }
  std::optional<std::string> comparison(Operator op) {
    std::partial_ordering order = std::partial_ordering::unordered;
    const Node &a = operand(0), &b = operand(1);
    switch (a.kind) {
      case NodeKind::kBool:
      case NodeKind::kUint: order = a.bits <=> b.bits; break;
      case NodeKind::kInt:
      case NodeKind::kDuration: order = a.as_int() <=> b.as_int(); break;
      case NodeKind::kDouble: order = a.as_double() <=> b.as_double(); break;
      case NodeKind::kString:
      case NodeKind::kBytes: order = text(0) <=> text(1); break;  // UTF-8 sorts as its code points
      default: order = std::partial_ordering::equivalent;         // null and null
    }
    switch (op) {
      case Operator::kEqual: return put(NodeKind::kBool, order == 0);
      case Operator::kNotEqual: return put(NodeKind::kBool, order != 0);
      case Operator::kLess: return put(NodeKind::kBool, order < 0);
      case Operator::kLessEqual: return put(NodeKind::kBool, order <= 0);
      case Operator::kGreater: return put(NodeKind::kBool, order > 0);
      default: return put(NodeKind::kBool, order >= 0);
    }
  }
  std::optional<std::string> from_string(const std::string& function) {
    const std::string value(text(0));
    const std::string no = "'" + excerpt(value) + "' is no " + function;
    if (function == "duration") {
      const auto nanoseconds = parse_duration(value);
      if (!nanoseconds) return no + ": '1h30m', '1.5s', '250ms'; at most 292 years";
      return put(NodeKind::kDuration, static_cast<uint64_t>(*nanoseconds));
    }
    if (function == "timestamp") return is_timestamp(value) ? std::nullopt : std::optional(no + ": '2026-01-31T23:59:59Z'");
    if (function == "int") {
      const bool negative = value.starts_with('-');
      const auto read = read_int(value.substr(negative ? 1 : 0), negative);
      return read ? put(NodeKind::kInt, static_cast<uint64_t>(*read)) : std::optional(no);
    }
    if (function == "uint") {
      const auto read = read_uint(value);
      return read ? put(NodeKind::kUint, *read) : std::optional(no);
    }
    if (function == "bytes") return put(NodeKind::kBytes, 0, value);
    if (function == "string") return put(NodeKind::kString, 0, value);
    if (function == "size") {
      int64_t points = 0;
      for (const char c : value) points += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      return put(NodeKind::kInt, static_cast<uint64_t>(points));
    }
    return std::nullopt;
  }

  Ast& ast_;
  NodeId id_;
};

}  // namespace

std::optional<std::string> fold(Ast& ast, const std::vector<Type>& types, NodeId id) {
  const Node node = ast.node(id);
  const auto means_itself = [&](NodeId child) { return ast.node(child).is_literal() && !types[child].is(TypeKind::kDecimal); };
  if (node.kind == NodeKind::kOperator && (node.op == Operator::kDivide || node.op == Operator::kModulo)) {
    const Node& divisor = ast.node(ast.child(id, 1));
    if ((divisor.kind == NodeKind::kInt || divisor.kind == NodeKind::kUint) && divisor.bits == 0) return "this divides by zero";
  }
  if (node.kind == NodeKind::kCall && node.child_count == 3 && ast.text(id) == "divide") {
    const Node& divisor = ast.node(ast.child(id, 1));
    if ((divisor.kind == NodeKind::kInt && divisor.bits == 0) || (divisor.kind == NodeKind::kDouble && divisor.as_double() == 0)) return "this divides by zero";
  }
  for (const NodeId child : ast.children(id)) {
    if (!means_itself(child)) return std::nullopt;
  }
  if (node.kind == NodeKind::kOperator) return Folder(ast, id).operation();
  return node.kind == NodeKind::kCall || node.kind == NodeKind::kMethod ? Folder(ast, id).call() : std::nullopt;
}

}  // namespace millrace::rules

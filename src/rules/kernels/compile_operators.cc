#include <algorithm>

#include "rules/decimal_rules.h"
#include "rules/kernels/compiler.h"

namespace millrace::rules {

Compiler::Register Compiler::operation(NodeId id) {
  switch (ast().node(id).op) {
    case Operator::kOr:
    case Operator::kAnd: return connective(id);
    case Operator::kConditional: return conditional(id);
    case Operator::kEqual:
    case Operator::kNotEqual: return equality(id);
    case Operator::kIn: return membership(id);
    case Operator::kIndex: return index(id);
    case Operator::kLess:
    case Operator::kLessEqual:
    case Operator::kGreater:
    case Operator::kGreaterEqual: return order(id);
    default: break;
  }
  const Overload& overload = *checked_.resolved[id].overload;
  if (overload.gives == "decimal") return decimal_operation(id);
  std::vector<Register> operands;
  for (const NodeId operand : ast().children(id)) operands.push_back(overload.id == "add_list" ? as(operand, type(id)) : node(operand));
  return emit(id, find_kernel(overload.id), std::move(operands));
}

// Sides that cost much run only where those before them don't decide.
Compiler::Register Compiler::connective(NodeId id) {
  const bool is_and = ast().node(id).op == Operator::kAnd;
  const Kernel kernel = is_and ? logical_and : logical_or;
  std::vector<Register> sides = {node(child(id, 0))};
  for (size_t i = 1; i < ast().node(id).child_count; ++i) {
    if (cheap(child(id, i))) {
      sides.push_back(node(child(id, i)));
      continue;
    }
    const Register before = sides.size() == 1 ? sides[0] : emit(id, kernel, sides);
    sides = {before, only_for(id, before, is_and ? Only::kNotFalse : Only::kNotTrue, child(id, i), simple(TypeKind::kBool))};
  }
  return emit(id, kernel, std::move(sides));
}

Compiler::Register Compiler::conditional(NodeId id) {
  const Register condition = node(child(id, 0));
  const Register yes = only_for(id, condition, Only::kTrue, child(id, 1), type(id));
  const Register no = only_for(id, condition, Only::kFalse, child(id, 2), type(id));
  return emit(id, choose, {condition, yes, no});
}

std::pair<Type, Type> Compiler::comparable(NodeId left, NodeId right) const {
  Type a = as_decimal(not_null(type(left))), b = as_decimal(not_null(type(right)));
  if (!a.is(TypeKind::kDecimal) || !b.is(TypeKind::kDecimal)) return {a, b};
  const uint32_t scale = std::max(a.scale, b.scale);
  const uint32_t a_digits = a.precision + scale - a.scale, b_digits = b.precision + scale - b.scale;
  if (a_digits <= kDecimalDigitsMax && b_digits <= kDecimalDigitsMax) a = decimal(a_digits, scale), b = decimal(b_digits, scale);
  return {a, b};
}

Compiler::Register Compiler::equality(NodeId id) {
  const NodeId left = child(id, 0), right = child(id, 1);
  const bool equal = ast().node(id).op == Operator::kEqual;
  const Kernel null_test = equal ? is_null : is_not_null;
  if (ast().node(right).kind == NodeKind::kNull) return emit(id, null_test, {node(left)});
  if (ast().node(left).kind == NodeKind::kNull) return emit(id, null_test, {node(right)});
  Form form = Form::kList;  // looks at everything
  std::vector<Register> sides;
  if (type(left).is(TypeKind::kDecimal) || type(right).is(TypeKind::kDecimal)) {
    const auto [a, b] = comparable(left, right);
    sides = {as(left, a), as(right, b)};
    if (a.scale == b.scale && form_of(a) == Form::kDecimal && form_of(b) == Form::kDecimal) form = Form::kDecimal;
  } else {
    sides = {node(left), node(right)};
    if (form_of(type(left)) == form_of(type(right))) form = form_of(type(left));
  }
  return emit(id, equality_kernel(equal, form), std::move(sides));
}

Compiler::Register Compiler::membership(NodeId id) {
  const NodeId value = child(id, 0), in = child(id, 1);
  const Type own = not_null(type(value));
  std::vector<Register> operands = {node(value)};
  if (ast().node(in).kind != NodeKind::kList || ast().node(in).child_count == 0) {
    operands.push_back(node(in));
    return emit(id, is_in, std::move(operands));
  }
  for (const NodeId element : ast().children(in)) {
    Type wanted = not_null(type(element));
    if (wanted.is(TypeKind::kNull)) wanted = own;
    if (wanted.is(TypeKind::kDecimal) && own.is(TypeKind::kDecimal)) wanted = comparable(element, value).first;
    operands.push_back(as(element, wanted));
  }
  return emit(id, is_one_of, std::move(operands));
}

Compiler::Register Compiler::index(NodeId id) {
  const Register in = node(child(id, 0)), at = node(child(id, 1));
  Instruction more;
  more.b = static_cast<int32_t>(form_of(type(id))), more.scope = program_->scope_count_++;
  return emit(id, type(child(id, 0)).is(TypeKind::kMap) ? index_map : index_list, {in, at}, more);
}

Compiler::Register Compiler::order(NodeId id) {
  const Operator op = ast().node(id).op;
  NodeId left = child(id, 0), right = child(id, 1);
  Type a = type(left), b = type(right);
  std::vector<Register> sides;
  if (a.is(TypeKind::kDecimal) || b.is(TypeKind::kDecimal)) {
    std::tie(a, b) = comparable(left, right);
    sides = {as(left, a), as(right, b)};
  } else {
    sides = {node(left), node(right)};
  }
  if (op == Operator::kGreater || op == Operator::kGreaterEqual) std::swap(a, b), std::swap(sides[0], sides[1]);
  Form left_form = form_of(a), right_form = form_of(b);
  if (left_form == Form::kDecimal && a.scale != b.scale) left_form = Form::kWideDecimal;  // the one that looks at scales
  return emit(id, order_kernel(op == Operator::kLessEqual || op == Operator::kGreaterEqual, left_form, right_form), std::move(sides));
}

Compiler::Register Compiler::decimal_operation(NodeId id) {
  Instruction more;
  more.a = type(id).scale;
  const Operator op = ast().node(id).op;
  std::vector<Register> operands;
  uint32_t digits = 0;
  for (const NodeId operand : ast().children(id)) {
    Type wanted = as_decimal(not_null(type(operand)));
    digits += wanted.precision;
    // A literal's digits are moved to the sum's scale here, and not on each row.
    const uint32_t up = type(id).scale - std::min(wanted.scale, type(id).scale);
    const bool sum = op == Operator::kAdd || op == Operator::kSubtract;
    if (sum && ast().node(operand).is_literal() && wanted.precision + up <= kDecimalDigitsMax) wanted = decimal(wanted.precision + up, type(id).scale);
    operands.push_back(as(operand, wanted));
  }
  switch (op) {
    case Operator::kAdd: return emit(id, decimal_add, std::move(operands), more);
    case Operator::kSubtract: return emit(id, decimal_subtract, std::move(operands), more);
    case Operator::kMultiply: return emit(id, digits <= kDecimalDigitsMax ? decimal_multiply : decimal_multiply_checked, std::move(operands), more);
    default: return emit(id, type(id).precision > kDecimalDigitsMax ? decimal_negate_wide : decimal_negate, std::move(operands), more);
  }
}

bool Compiler::cheap(NodeId id) const {
  const Node& of = ast().node(id);
  const auto children = ast().children(id);
  if (type(id).is(TypeKind::kList) || type(id).is(TypeKind::kMap)) return false;
  if (of.kind == NodeKind::kSelect || of.kind == NodeKind::kHas)
    return lookup_below(id) == kNoNode && (of.child_count == 0 || !type(child(id, 0)).is(TypeKind::kMap));
  if (of.kind == NodeKind::kComprehension) return false;
  if (of.kind == NodeKind::kOperator) {
    if (of.op == Operator::kIndex || (of.op == Operator::kAdd && form_of(type(id)) == Form::kText)) return false;
    if (of.op == Operator::kIn) {
      const NodeId in = child(id, 1);
      const auto elements = ast().children(in);
      return ast().node(in).kind == NodeKind::kList && elements.size() <= 8 && cheap(child(id, 0)) &&
             std::all_of(elements.begin(), elements.end(), [&](NodeId element) { return cheap(element); });
    }
  }
  if (of.kind == NodeKind::kCall || of.kind == NodeKind::kMethod) {
    static constexpr std::string_view kCheap[] = {"size_bytes",      "starts_with_string", "ends_with_string", "uint64_to_int64",
                                                  "int64_to_uint64", "int64_to_double",    "uint64_to_double", "double_to_int64"};
    if (lifted(id)) return true;
    const Overload* overload = checked_.resolved[id].overload;
    if (overload == nullptr ? ast().text(id) != "orValue" : std::ranges::find(kCheap, overload->id) == std::end(kCheap)) return false;
  }
  return std::all_of(children.begin(), children.end(), [&](NodeId operand) { return cheap(operand); });
}

}  // namespace millrace::rules

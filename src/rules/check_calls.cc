// Operators and calls: which overload takes these types, and what is said if none does.
#include <algorithm>

#include "rules/check_pass.h"
#include "rules/decimal_rules.h"
#include "rules/constant_folding.h"

namespace millrace::rules {

Type CheckPass::operation(NodeId id) {
  const Operator op = ast_.node(id).op;
  Type type;
  switch (op) {
    case Operator::kOr:
    case Operator::kAnd: type = logical(id); break;
    case Operator::kConditional: return conditional(id);
    case Operator::kEqual:
    case Operator::kNotEqual: type = equality(id); break;
    case Operator::kIn: return membership(id);
    default:
      for (const NodeId child : ast_.children(id)) visit(child);
      type = resolve(id, op == Operator::kNegate ? "neg" : symbol(op), 'o');
  }
  if (!type.is(TypeKind::kError)) fold_constants(id);
  return type;
}

void CheckPass::fold_constants(NodeId id) {
  const NodeKind before = ast_.node(id).kind;
  if (const auto wrong = fold(ast_, types_, id)) error(ast_.node(id).span, *wrong);
  folded_[id] = ast_.node(id).kind != before;
}

Type CheckPass::logical(NodeId id) {
  const bool is_and = ast_.node(id).op == Operator::kAnd;
  const size_t before = guards_.size();
  bool fine = true;
  for (const NodeId child : ast_.children(id)) {
    visit(child);
    fine &= is_bool(child, std::string("each side of ") + (is_and ? "&&" : "||"));
    guards_.push_back(not_null_if(child, is_and));
  }
  guards_.resize(before);
  return simple(fine ? TypeKind::kBool : TypeKind::kError);
}

Type CheckPass::conditional(NodeId id) {
  const NodeId condition = ast_.child(id, 0), yes = ast_.child(id, 1), no = ast_.child(id, 2);
  visit(condition);
  const bool fine = is_bool(condition, "the condition before ?");
  guards_.push_back(not_null_if(condition, true)), visit(yes), guards_.pop_back();
  guards_.push_back(not_null_if(condition, false)), visit(no), guards_.pop_back();
  read_literals_as_decimals(ast_.children(id).subspan(1));
  if (!fine || wrong(yes) || wrong(no)) return simple(TypeKind::kError);
  if (auto joined = join(type(yes), type(no))) return *joined;
  return error(ast_.node(id).name, "both values of ?: are of one type; these are " + to_string(type(yes)) + " and " + to_string(type(no)));
}

// Null equals null and nothing else, so either side may be null.
Type CheckPass::equality(NodeId id) {
  for (const NodeId child : ast_.children(id)) visit(child);
  read_literals_as_decimals(ast_.children(id));
  const NodeId left = ast_.child(id, 0), right = ast_.child(id, 1);
  if (wrong(left) || wrong(right)) return simple(TypeKind::kError);
  Type a = type(left), b = type(right);
  for (const auto& [node, of, other] : {std::tuple(left, a, b), std::tuple(right, b, a)}) {
    if (of.is(TypeKind::kRecord))
      return error(ast_.node(node).span, of.record->name + " is a record, which has no value of its own: compare one of its fields");
  }
  if (a.is(TypeKind::kDecimal) || b.is(TypeKind::kDecimal)) {
    if (!a.is(TypeKind::kNull)) a.is(TypeKind::kDecimal) ? a : a = as_decimal(a);
    if (!b.is(TypeKind::kNull)) b.is(TypeKind::kDecimal) ? b : b = as_decimal(b);
    if (a.is(TypeKind::kDecimal) && b.is(TypeKind::kDecimal)) return simple(TypeKind::kBool);
  }
  if (join(a, b)) return simple(TypeKind::kBool);
  const std::string sign(symbol(ast_.node(id).op));
  return error(ast_.node(id).name, "'" + sign + "' compares values of one type; these are " + to_string(a) + " and " + to_string(b) + ": convert one of them");
}

Type CheckPass::membership(NodeId id) {
  const NodeId value = ast_.child(id, 0), in = ast_.child(id, 1);
  visit(value), visit(in);
  if (wrong(value) || wrong(in)) return simple(TypeKind::kError);
  const Type& of = type(in);
  if (!of.is(TypeKind::kList) && !of.is(TypeKind::kMap)) {
    const bool text = of.is(TypeKind::kString) && type(value).is(TypeKind::kString);
    return error(ast_.node(in).span,
                 "'in' looks into a list or a map's keys; this is " + to_string(of) + (text ? ": a part of a text is text.contains(part)" : ""));
  }
  if (of.nullable) return may_be_null(in, "'in' looks into a list or a map's keys");
  // A decimal's literals in the list were read as doubles; beside a decimal their digits are meant.
  if (type(value).is(TypeKind::kDecimal) && ast_.node(in).kind == NodeKind::kList) {
    std::vector<NodeId> all{value};
    all.insert(all.end(), ast_.children(in).begin(), ast_.children(in).end());
    read_literals_as_decimals(all);
    Type element = simple(TypeKind::kNever);
    for (const NodeId child : ast_.children(in)) element = join(element, type(child)).value_or(element);
    types_[in].children[0] = element;
  }
  if (join(type(value), of.children[0])) return simple(TypeKind::kBool);
  return error(ast_.node(id).name, to_string(type(value)) + " is never in " + to_string(of) + ": convert it");
}

Type CheckPass::call(NodeId id) {
  const std::string function(ast_.text(id));
  const bool is_method = ast_.node(id).kind == NodeKind::kMethod;
  // cel.bind, math.greatest, optional.of: a function's name with a namespace before it.
  if (is_method && ast_.node(ast_.child(id, 0)).kind == NodeKind::kName && !refusal(function).empty() &&
      environment_.record->find(ast_.text(ast_.child(id, 0))) == nullptr &&
      std::none_of(variables_.begin(), variables_.end(), [&](const Variable& v) { return v.name == ast_.text(ast_.child(id, 0)); })) {
    return error(ast_.node(id).name, std::string(refusal(function)));
  }
  for (const NodeId child : ast_.children(id)) visit(child);
  if (function == "lookup" && !is_method) return lookup(id);
  if (function == "orValue" && is_method) return or_value(id);
  const Type type = resolve(id, function, is_method ? 'm' : 'f');
  if (!type.is(TypeKind::kError)) fold_constants(id);
  return type;
}

Type CheckPass::lookup(NodeId id) {
  if (ast_.node(id).child_count != 2) return error(ast_.node(id).name, "lookup takes a table's name and a key: lookup('plans', plan).price");
  const NodeId table = ast_.child(id, 0), of = ast_.child(id, 1);
  if (ast_.node(table).kind != NodeKind::kString) return error(ast_.node(table).span, "the table of lookup is named by a literal: lookup('plans', plan)");
  const auto& tables = environment_.tables;
  const auto it = std::find_if(tables.begin(), tables.end(), [&](const ReferenceTable& t) { return t.name == ast_.text(table); });
  if (it == tables.end()) {
    std::vector<std::string_view> names;
    for (const ReferenceTable& other : tables) names.push_back(other.name);
    return error(ast_.node(table).span, "there is no reference table '" + excerpt(ast_.text(table)) + "'" + did_you_mean(ast_.text(table), names));
  }
  if (wrong(of)) return simple(TypeKind::kError);
  // A null key is in no table, so its row is null.
  if (!type(of).is(TypeKind::kNull) && not_null(type(of)) != it->key)
    return error(ast_.node(of).span, "the key of '" + it->name + "' is " + to_string(it->key) + "; this is " + to_string(type(of)));
  resolved_[id].table = static_cast<int32_t>(it - tables.begin());
  Type row = simple(TypeKind::kRecord);
  row.record = it->row;
  return row;
}

Type CheckPass::or_value(NodeId id) {
  if (ast_.node(id).child_count != 2) return error(ast_.node(id).name, "orValue takes the value for null: x.orValue(0)");
  read_literals_as_decimals(ast_.children(id));
  const Type &value = type(ast_.child(id, 0)), &other = type(ast_.child(id, 1));
  if (value.is(TypeKind::kError) || other.is(TypeKind::kError)) return simple(TypeKind::kError);
  if (value.is(TypeKind::kRecord)) return error(ast_.node(ast_.child(id, 0)).span, value.record->name + " is a record: give a value for one of its fields");
  auto joined = join(value, other);
  if (!joined) return error(ast_.node(ast_.child(id, 1)).span, "the value for null is " + to_string(not_null(value)) + " too; this is " + to_string(other));
  joined->nullable = other.nullable && (value.nullable || value.is(TypeKind::kNull));
  return *joined;
}

Type CheckPass::resolve(NodeId id, std::string_view name, char style) {
  const auto children = ast_.children(id);
  if (style == 'o' || name == "divide") read_literals_as_decimals(children.first(std::min<size_t>(2, children.size())));
  std::vector<Type> arguments;
  for (const NodeId child : ast_.children(id)) {
    if (wrong(child)) return simple(TypeKind::kError);
    arguments.push_back(type(child));
  }
  const bool quotient = name == "divide" && style == 'f' && arguments.size() == 3;
  const bool decimals =
      (style == 'o' ? name != "[]" : quotient) && std::any_of(arguments.begin(), arguments.end(), [](const Type& t) { return t.is(TypeKind::kDecimal); });
  if (decimals) {
    for (size_t i = 0; i < 2 && i < arguments.size(); ++i) {
      const bool null = arguments[i].nullable;
      arguments[i] = as_decimal(arguments[i]), arguments[i].nullable = null;
    }
  }
  const auto candidates = overloads_of(name);
  for (const Overload& overload : candidates) {
    if (overload.style != style && !(overload.style == 'b' && style != 'o')) continue;
    auto gives = match(overload, arguments);
    if (!gives) continue;
    if (overload.literal >= 0) {
      const NodeId argument = ast_.child(id, static_cast<size_t>(overload.literal));
      if (!ast_.node(argument).is_literal())
        return error(ast_.node(argument).span, "this argument of " + std::string(name) + " is a literal, so that it is looked at once and not for each row");
    }
    resolved_[id].overload = &overload;
    return gives->is(TypeKind::kDecimal) && gives->precision == 0 ? decimal_result(id, overload, arguments) : *gives;
  }
  return no_overload(id, name, candidates, arguments, style);
}

int64_t CheckPass::literal_scale(NodeId id) {
  const int64_t scale = ast_.node(id).as_int();
  if (scale >= 0 && scale <= kDecimalDigitsMax) return scale;
  error(ast_.node(id).span, "digits behind the point are from 0 to 38");
  return -1;
}

Type CheckPass::decimal_result(NodeId id, const Overload& overload, const std::vector<Type>& arguments) {
  if (overload.style == 'o') {
    if (arguments.size() == 1) return arguments[0];
    auto type = decimal_arithmetic(overload.name, arguments[0], arguments[1]);
    return type ? *type : error(ast_.node(id).name, type.error());
  }
  if (overload.literal == 0) {
    const std::string_view text = ast_.text(ast_.child(id, 0));
    if (const auto type = decimal_of_digits(text)) return *type;
    return error(ast_.node(id).span, "'" + excerpt(text) + "' is no decimal: '12.50', with at most 38 digits");
  }
  if (overload.literal < 0) return as_decimal(arguments[0]);
  const int64_t scale = literal_scale(ast_.child(id, static_cast<size_t>(overload.literal)));
  if (scale < 0) return simple(TypeKind::kError);
  const bool known = overload.literal == 1 && as_decimal(arguments[0]).is(TypeKind::kDecimal);
  return known ? rescaled(as_decimal(arguments[0]), static_cast<uint32_t>(scale)) : decimal(kDecimalDigitsMax, static_cast<uint32_t>(scale));
}

void CheckPass::read_literals_as_decimals(std::span<const NodeId> nodes) {
  if (std::none_of(nodes.begin(), nodes.end(), [&](NodeId id) { return type(id).is(TypeKind::kDecimal); })) return;
  for (const NodeId id : nodes) {
    const Node& node = ast_.node(id);
    if (folded_[id] || types_[id].is(TypeKind::kDecimal)) continue;
    std::optional<Type> exact;
    if (node.kind == NodeKind::kDouble) exact = decimal_of_digits(ast_.text(id));
    if (node.kind == NodeKind::kInt) exact = decimal_of_digits(std::to_string(node.as_int()));
    if (exact) types_[id] = *exact;
  }
}

}  // namespace millrace::rules

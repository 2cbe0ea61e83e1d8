#include "rules/kernels/compiler.h"

#include <functional>

#include "base/result.h"
#include "rules/decimal_rules.h"
#include "rules/kernels/decimal_text.h"
#include "rules/kernels/instants.h"
#include "rules/literal.h"

namespace millrace::rules {
namespace {

void number(const Ast& ast, NodeId id, uint32_t& next, const std::function<void(NodeId, uint32_t)>& see) {
  see(id, next++);
  const auto children = ast.children(id);
  for (size_t i = 0; i < children.size(); ++i) number(ast, children[i], next, see);
}

}  // namespace

std::expected<Compiled, Diagnostics> compile(const Checked& checked) { return Compiler(checked).run(); }

NodeId node_at(const Ast& ast, uint32_t place) {
  NodeId found = ast.root();
  uint32_t next = 0;
  number(ast, ast.root(), next, [&](NodeId id, uint32_t at) { found = at == place ? id : found; });
  return found;
}

Compiler::Compiler(const Checked& checked) : checked_(checked), places_(checked.ast.size()) {
  uint32_t next = 0;
  number(ast(), ast().root(), next, [&](NodeId id, uint32_t at) { places_[id] = at; });
}

std::expected<Compiled, Diagnostics> Compiler::run() {
  open();
  program_->result_ = as(ast().root(), type(ast().root()));
  if (!errors_.empty()) return std::unexpected(std::move(errors_));
  program_->instructions_ = std::move(levels_[0].code);
  for (size_t i = 0; i < program_->instructions_.size(); ++i) program_->instructions_[i].next += static_cast<uint32_t>(i);
  program_->type_ = checked_.type();
  program_->parameter_count_ = parameters_.size();
  program_->shape_ = shape(ast().root());
  return Compiled{std::move(program_), std::move(parameters_)};
}

Instruction Compiler::make(NodeId id, Kernel kernel, const std::vector<Register>& operands, Instruction more) {
  MILLRACE_CHECK(kernel != nullptr, "there is a kernel for everything that the checker lets through");
  more.kernel = kernel, more.out = program_->register_count_++, more.place = places_[id], more.next = 1;
  more.operands_begin = static_cast<uint32_t>(program_->operands_.size()), more.operand_count = static_cast<uint32_t>(operands.size());
  program_->operands_.insert(program_->operands_.end(), operands.begin(), operands.end());
  return more;
}
Compiler::Register Compiler::emit(NodeId id, Kernel kernel, std::vector<Register> operands, Instruction more) {
  levels_.back().code.push_back(make(id, kernel, operands, more));
  return levels_.back().code.back().out;
}
Compiler::Register Compiler::close(NodeId id, Kernel kernel, std::vector<Register> operands, Instruction more) {
  const std::vector<Instruction> body = std::move(levels_.back().code);
  levels_.pop_back();
  more.scope = program_->scope_count_++;
  Instruction control = make(id, kernel, operands, more);
  control.next = static_cast<uint32_t>(body.size()) + 1;
  auto& code = levels_.back().code;
  code.push_back(control);
  code.insert(code.end(), body.begin(), body.end());
  return control.out;
}
Compiler::Register Compiler::only_for(NodeId id, Register mask, Only which, NodeId body, const Type& wanted) {
  if (cheap(body)) return as(body, wanted);
  open();
  const Register value = as(body, wanted);
  Instruction more;
  more.a = static_cast<int32_t>(which), more.b = static_cast<int32_t>(form_of(wanted));
  return close(id, run_for, {mask, value}, more);
}

Compiler::Register Compiler::node(NodeId id) {
  switch (ast().node(id).kind) {
    case NodeKind::kNull: return null_of(id, type(id));
    case NodeKind::kBool:
    case NodeKind::kInt:
    case NodeKind::kUint:
    case NodeKind::kDouble:
    case NodeKind::kString:
    case NodeKind::kBytes:
    case NodeKind::kDuration: return parameter(id, type(id));
    case NodeKind::kName: return name(id);
    case NodeKind::kSelect: return select(id);
    case NodeKind::kHas: return has(id);
    case NodeKind::kOperator: return operation(id);
    case NodeKind::kCall:
    case NodeKind::kMethod: return call(id);
    case NodeKind::kList: return list_literal(id);
    case NodeKind::kMap: return map_literal(id);
    case NodeKind::kComprehension: return comprehension(id);
  }
  return 0;
}

Compiler::Register Compiler::as(NodeId id, const Type& wanted) {
  const Node& of = ast().node(id);
  if (of.kind == NodeKind::kNull) return null_of(id, wanted);
  const bool number = of.kind == NodeKind::kInt || of.kind == NodeKind::kDouble;
  if (number && type(id).is(TypeKind::kDecimal) && form_of(wanted) == Form::kDecimal) return parameter(id, wanted);
  return converted(id, node(id), type(id), wanted);
}

Compiler::Register Compiler::parameter(NodeId id, const Type& wanted) {
  const Node& of = ast().node(id);
  Parameter value;
  value.form = form_of(wanted), value.scale = wanted.scale;
  if (value.form == Form::kText)
    value.text = ast().text(id);
  else if (value.form == Form::kDecimal && of.kind == NodeKind::kDouble)
    value.bits = parse_decimal(ast().text(id), wanted.scale).value_or(0);
  else if (value.form == Form::kDecimal && (of.kind == NodeKind::kCall || of.kind == NodeKind::kMethod))
    value.bits = parse_decimal(ast().text(child(id, 0)), wanted.scale).value_or(0);
  else if (value.form == Form::kDecimal)
    value.bits = of.as_int() * power_of_ten(wanted.scale);
  else if (value.form == Form::kTimestamp)
    value.bits = parse_instant(ast().text(child(id, 0))).value_or(0);
  else if (value.form == Form::kUint || value.form == Form::kDouble)
    value.bits = static_cast<Int128>(of.bits);
  else
    value.bits = of.as_int();
  Instruction more;
  more.a = static_cast<int32_t>(parameters_.size()), more.b = wanted.scale;
  more.constant = reinterpret_cast<const void*>(static_cast<uintptr_t>(value.form));
  lifted_[id] = value;
  parameters_.push_back(std::move(value));
  return emit(id, load_parameter, {}, more);
}

Compiler::Register Compiler::null_of(NodeId id, const Type& of) {
  Instruction more;
  more.constant = hold_type(of);
  return emit(id, load_null, {}, more);
}

Compiler::Register Compiler::text_constant(NodeId id, std::string_view text) {
  const auto* held = hold(std::make_shared<const std::string>(text));
  Instruction more;
  more.constant = hold(std::make_shared<const std::string_view>(*held));
  return emit(id, load_text, {}, more);
}

bool needs_conversion(const Type& from, const Type& to) {
  if (to.is(TypeKind::kNull) || to.is(TypeKind::kNever) || from.is(TypeKind::kNever)) return false;
  if (from.is(TypeKind::kNull)) return true;
  if (to.is(TypeKind::kDecimal)) return !from.is(TypeKind::kDecimal) || form_of(from) != form_of(to) || from.scale != to.scale;
  for (size_t i = 0; i < to.children.size(); ++i) {
    if (needs_conversion(from.children[i], to.children[i])) return true;
  }
  return false;
}
Compiler::Register Compiler::converted(NodeId id, Register value, const Type& from, const Type& to) {
  if (!needs_conversion(from, to)) return value;
  Instruction more;
  more.constant = hold_type(to), more.scope = program_->scope_count_++;
  return emit(id, convert_to, {value}, more);
}

Compiler::Register Compiler::variable(uint32_t id) {
  const Variable& of = variables_.at(id);
  Register at = of.at;
  const NodeId macro = id - 1;
  for (size_t level = of.level + 1; level < levels_.size(); ++level) {
    auto [found, fresh] = levels_[level].known.try_emplace("v" + std::to_string(at));
    if (fresh) {
      levels_[level].code.push_back(make(macro, capture, {at}, {}));
      found->second = levels_[level].code.back().out;
    }
    at = found->second;
  }
  return at;
}

Compiler::Register Compiler::name(NodeId id) {
  const uint32_t variable_id = checked_.resolved[id].variable;
  return variable_id > 0 ? variable(variable_id) : field(id);
}

NodeId Compiler::lookup_below(NodeId id) const {
  while (ast().node(id).kind == NodeKind::kSelect || ast().node(id).kind == NodeKind::kHas) {
    if (ast().node(id).child_count == 0) return kNoNode;
    id = child(id, 0);
  }
  return ast().node(id).kind == NodeKind::kCall && ast().text(id) == "lookup" ? id : kNoNode;
}

Compiler::Register Compiler::row_of(NodeId lookup) {
  const Register key = node(child(lookup, 1));
  Instruction more;
  more.a = checked_.resolved[lookup].table;
  return emit(lookup, find_row, {key}, more);
}

Compiler::Register Compiler::field(NodeId id) {
  const int32_t column = checked_.resolved[id].column;
  MILLRACE_CHECK(column >= 0, "a record itself is no value");
  Instruction more;
  if (const NodeId lookup = lookup_below(id); lookup != kNoNode) {
    more.a = checked_.resolved[lookup].table, more.b = column;
    more.constant = hold_type(type(id));
    if (ast().node(id).kind == NodeKind::kHas) more.constant = nullptr;
    return emit(id, load_reference, {row_of(lookup)}, more);
  }
  auto [found, fresh] = levels_.back().known.try_emplace("c" + std::to_string(column));
  if (fresh) {
    more.a = column;
    found->second = emit(id, load_field, {}, more);
  }
  return found->second;
}

Compiler::Register Compiler::select(NodeId id) {
  if (!type(child(id, 0)).is(TypeKind::kMap)) return field(id);
  const Register map = node(child(id, 0));
  Instruction more;
  more.b = static_cast<int32_t>(form_of(type(id))), more.scope = program_->scope_count_++;
  return emit(id, index_map, {map, text_constant(id, ast().text(id))}, more);
}

Compiler::Register Compiler::has(NodeId id) {
  if (ast().node(id).child_count > 0 && type(child(id, 0)).is(TypeKind::kMap)) {
    const Register map = node(child(id, 0));
    return emit(id, is_in, {text_constant(id, ast().text(id)), map});
  }
  return emit(id, is_not_null, {field(id)});
}

Compiler::Register Compiler::list_literal(NodeId id) {
  std::vector<Register> elements;
  for (const NodeId element : ast().children(id)) elements.push_back(as(element, type(id).children[0]));
  return emit(id, make_list, std::move(elements));
}
Compiler::Register Compiler::map_literal(NodeId id) {
  std::vector<Register> entries;
  for (size_t i = 0; i < ast().node(id).child_count; ++i) entries.push_back(as(child(id, i), type(id).children[i % 2]));
  return emit(id, make_map, std::move(entries));
}

Compiler::Register Compiler::comprehension(NodeId id) {
  const Macro macro = ast().node(id).macro;
  const NodeId range = child(id, 0), first = child(id, 1), last = child(id, ast().node(id).child_count - 1);
  const bool with_filter = macro == Macro::kMap && first != last;
  const Register over = node(range);
  open();
  const Register each = program_->register_count_++;
  variables_[id + 1] = {each, levels_.size() - 1};
  std::vector<Register> operands = {over, node(first)};
  if (with_filter) operands.push_back(only_for(id, operands[1], Only::kTrue, last, type(last)));
  Instruction more;
  more.b = static_cast<int32_t>(each);
  return close(id, comprehension_kernel(macro, with_filter), std::move(operands), more);
}

}  // namespace millrace::rules

#include "rules/kernels/compiler.h"
#include "rules/literal.h"
#include "rules/unparse.h"

namespace millrace::rules {

std::string Compiler::shape(NodeId id) const {
  const Node& of = ast().node(id);
  if (const auto it = lifted_.find(id); it != lifted_.end()) {
    static constexpr std::string_view kForms[] = {"null", "bool", "int", "uint", "double", "duration", "text", "timestamp", "decimal", "wide", "list", "map"};
    const Parameter& parameter = it->second;
    return "?" + std::string(kForms[static_cast<size_t>(parameter.form)]) + (parameter.form == Form::kDecimal ? std::to_string(parameter.scale) : "");
  }
  if (of.is_literal()) return unparse(ast(), id);
  const Resolution& resolved = checked_.resolved[id];
  if (resolved.variable > 0) return "#" + std::to_string(places_[resolved.variable - 1]);
  std::string out = of.kind == NodeKind::kHas ? "has" : "";
  if (resolved.column >= 0) {
    const NodeId lookup = lookup_below(id);
    if (lookup == kNoNode) return out + "@" + std::to_string(resolved.column) + ":" + to_string(type(id));
    return out + "(lookup " + std::to_string(checked_.resolved[lookup].table) + " " + std::to_string(resolved.column) + " " + shape(child(lookup, 1)) +
           "):" + to_string(type(id));
  }
  out += "(";
  if (of.kind == NodeKind::kOperator)
    out += symbol(of.op);
  else if (of.kind == NodeKind::kComprehension)
    out += rules::name(of.macro);
  else if (of.kind == NodeKind::kList || of.kind == NodeKind::kMap)
    out += of.kind == NodeKind::kList ? "list" : "map";
  else
    out += of.kind == NodeKind::kSelect || of.kind == NodeKind::kHas ? "." + quote_string(ast().text(id)) : std::string(ast().text(id));
  for (const NodeId operand : ast().children(id)) (out += ' ') += shape(operand);
  out += ')';
  // What the operands don't tell: a decimal's digits depend on those of literals.
  return type(id).is(TypeKind::kBool) ? out : out + ":" + to_string(type(id));
}

}  // namespace millrace::rules

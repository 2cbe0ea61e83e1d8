#include <re2/re2.h>

#include <unordered_map>

#include "rules/decimal_rules.h"
#include "rules/kernels/compiler.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/time_zone.h"

namespace millrace::rules {

Kernel find_kernel(std::string_view overload) {
  static const auto kAll = [] {
    std::unordered_map<std::string_view, Kernel> all;
    for (const auto family :
         {arithmetic_kernels(), conversion_kernels(), time_kernels(), text_kernels(), making_kernels(), url_kernels(), digest_kernels(), list_kernels()}) {
      for (const NamedKernel& kernel : family) all.emplace(kernel.overload, kernel.kernel);
    }
    return all;
  }();
  const auto it = kAll.find(overload);
  return it == kAll.end() ? nullptr : it->second;
}

bool Compiler::lifted(NodeId id) const {
  const Overload* overload = checked_.resolved[id].overload;
  if (overload == nullptr || ast().node(id).child_count != 1 || ast().node(child(id, 0)).kind != NodeKind::kString) return false;
  return overload->id == "string_to_decimal" || (overload->id == "string_to_timestamp" && parse_instant(ast().text(child(id, 0))));
}

Compiler::Register Compiler::call(NodeId id) {
  const Overload* overload = checked_.resolved[id].overload;
  if (overload == nullptr) return or_value(id);  // lookup is compiled with the field that is taken of it
  if (lifted(id)) return parameter(id, type(id));
  if (overload->id == "matches") return with_pattern(id);
  if (overload->id.ends_with("_with_tz")) return with_time_zone(id);
  if (overload->gives == "decimal") return decimal_call(id, overload->id);
  if (overload->name == "hmac") program_->needs_key_ = true;
  std::vector<Register> operands;
  for (const NodeId operand : ast().children(id)) operands.push_back(node(operand));
  return emit(id, find_kernel(overload->id), std::move(operands));
}

Compiler::Register Compiler::with_pattern(NodeId id) {
  const NodeId literal = child(id, 1);
  const std::string_view text = ast().text(literal);
  RE2::Options options;
  options.set_log_errors(false);
  auto pattern = std::make_shared<const RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) errors_.push_back({ast().node(literal).span, "'" + excerpt(text) + "' is no pattern of RE2: " + pattern->error()});
  Instruction more;
  more.constant = hold(std::move(pattern));
  return emit(id, matches, {node(child(id, 0))}, more);
}

Compiler::Register Compiler::with_time_zone(NodeId id) {
  const NodeId literal = child(id, 1);
  auto zone = find_time_zone(ast().text(literal));
  if (!zone) {
    errors_.push_back(
        {ast().node(literal).span, "there is no time zone '" + excerpt(ast().text(literal)) + "': 'Europe/Berlin', 'UTC', or an offset like '+02:00'"});
  }
  Instruction more;
  more.constant = zone.get();
  program_->constants_.push_back(std::move(zone));
  return emit(id, zoned_kernel(checked_.resolved[id].overload->id), {node(child(id, 0))}, more);
}

Compiler::Register Compiler::decimal_call(NodeId id, std::string_view overload) {
  const NodeId value = child(id, 0);
  Instruction more;
  more.a = type(id).scale;
  if (overload == "divide_decimal") {
    const Register a = as(value, as_decimal(not_null(type(value)))), b = as(child(id, 1), as_decimal(not_null(type(child(id, 1)))));
    return emit(id, decimal_divide, {a, b}, more);
  }
  if (overload == "double_to_decimal_scale") return emit(id, decimal_of_double, {node(value)}, more);
  if (overload == "string_to_decimal_scale") return emit(id, decimal_of_text, {node(value)}, more);
  const Type exact = as_decimal(not_null(type(value)));
  const Register whole = as(value, exact);
  return exact.scale == more.a && exact.precision <= kDecimalDigitsMax ? whole : emit(id, decimal_rescale, {whole}, more);
}

Compiler::Register Compiler::or_value(NodeId id) {
  Type both = type(id);
  const Register value = as(child(id, 0), both);
  const Register other = only_for(id, value, Only::kNull, child(id, 1), both);
  return emit(id, coalesce, {value, other});
}

}  // namespace millrace::rules

// What is said when no overload takes the types that are there.
#include <algorithm>

#include "rules/check_pass.h"

namespace millrace::rules {
namespace {

std::string called(std::string_view name, const std::vector<Type>& arguments, char style) {
  std::string out = style == 'm' ? to_string(arguments[0]) + "." : "";
  (out += name) += "(";
  for (size_t i = style == 'm'; i < arguments.size(); ++i) out += (out.ends_with('(') ? "" : ", ") + to_string(arguments[i]);
  return out + ")";
}

}  // namespace

Type CheckPass::no_overload(NodeId id, std::string_view name, std::span<const Overload> candidates, const std::vector<Type>& arguments, char style) {
  const Node& node = ast_.node(id);
  const auto fits_style = [&](const Overload& o) { return o.style == style || (o.style == 'b' && style != 'o'); };
  if (candidates.empty() || (candidates[0].style == 'o') != (style == 'o')) {
    if (const auto why = refusal(name); !why.empty()) return error(node.name, std::string(why));
    return error(node.name, "there is no function '" + excerpt(name) + "'" + did_you_mean(name, function_names()));
  }
  // With nothing null it would do: say who may be.
  std::vector<Type> sure;
  for (const Type& argument : arguments) sure.push_back(not_null(argument));
  const std::string shown(name == "neg" ? "-" : name);
  if (std::any_of(candidates.begin(), candidates.end(), [&](const Overload& o) { return fits_style(o) && match(o, sure); })) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].nullable) may_be_null(ast_.child(id, i), "'" + shown + "' takes no null");
    }
    return simple(TypeKind::kError);
  }
  if (style == 'o') {
    std::string given = to_string(arguments[0]);
    if (arguments.size() == 2) given += name == "[]" ? "[" + to_string(arguments[1]) + "]" : " and " + to_string(arguments[1]);
    const bool decimal = std::any_of(arguments.begin(), arguments.end(), [](const Type& t) { return t.is(TypeKind::kDecimal); });
    const bool is_double = std::any_of(arguments.begin(), arguments.end(), [](const Type& t) { return t.is(TypeKind::kDouble); });
    if (decimal && is_double) return error(node.name, "'" + shown + "' doesn't mix exact decimals with doubles: double(x) or decimal(x, scale)");
    if (decimal && name == "/") return error(node.name, "decimals have no exact quotient: divide(a, b, scale) says how many digits it keeps");
    if (name == "[]") return error(node.name, "'[]' takes an int for a list and a key for a map; this is " + given);
    const bool same = arguments.size() == 2 && not_null(arguments[0]) == not_null(arguments[1]);
    return error(node.name, "'" + shown + "' has no meaning for " + given + (arguments.size() == 2 && !same ? ": convert one of them" : ""));
  }
  std::string takes;
  size_t count = 0;
  const bool other_style = std::none_of(candidates.begin(), candidates.end(), fits_style);
  for (const Overload& candidate : candidates) {
    if (!other_style && !fits_style(candidate)) continue;
    if (++count > 6) continue;
    takes += (takes.empty() ? "" : ", ") + describe(candidate);
  }
  if (count > 6) takes += ", …";
  return error(node.name, shown + " is called as " + takes + "; here as " + called(name, arguments, style));
}

}  // namespace millrace::rules

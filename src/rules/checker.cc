#include "rules/checker.h"

#include <algorithm>

#include "rules/check_pass.h"
#include "rules/unparse.h"

namespace millrace::rules {

std::expected<Checked, Diagnostics> check(Ast ast, const Environment& environment, const CheckOptions& options) {
  return CheckPass(std::move(ast), environment, options).run();
}

std::expected<Checked, Diagnostics> CheckPass::run() {
  const NodeId root = ast_.root();
  const Type whole = visit(root);
  if (options_.wanted && !whole.is(TypeKind::kError)) {
    const std::string wanted = to_string(simple(*options_.wanted));
    if (whole.nullable)
      may_be_null(root, wanted + " is wanted here");
    else if (whole.kind != *options_.wanted)
      error(ast_.node(root).span, wanted + " is wanted here; this is " + to_string(whole));
  }
  if (!errors_.empty()) return std::unexpected(std::move(errors_));
  return Checked{std::move(ast_), std::move(types_), std::move(resolved_)};
}

Type CheckPass::error(Span span, std::string message) {
  if (errors_.size() < options_.errors_max) errors_.push_back({span, std::move(message)});
  return simple(TypeKind::kError);
}

Type CheckPass::may_be_null(NodeId id, const std::string& what) {
  const std::string text = excerpt(unparse(ast_, id), 60);
  const std::string guard = key(id).empty() ? "" : "guard it (" + text + " != null && …) or ";
  return error(ast_.node(id).span, what + ", and " + text + " may be null: " + guard + "give a value for null (" + text + ".orValue(…))");
}

bool CheckPass::is_bool(NodeId id, const std::string& what) {
  if (wrong(id)) return false;
  if (type(id).is(TypeKind::kBool) && !type(id).nullable) return true;
  if (type(id).is(TypeKind::kBool))
    may_be_null(id, what + " is a bool");
  else
    error(ast_.node(id).span, what + " is a bool; this is " + to_string(type(id)) + (type(id).nullable ? ": ask x != null" : ""));
  return false;
}

Type CheckPass::visit(NodeId id) {
  types_[id] = type_of_node(id);
  if (types_[id].nullable && guarded(id)) types_[id].nullable = false;
  return types_[id];
}

Type CheckPass::type_of_node(NodeId id) {
  switch (ast_.node(id).kind) {
    case NodeKind::kNull: return simple(TypeKind::kNull);
    case NodeKind::kBool: return simple(TypeKind::kBool);
    case NodeKind::kInt: return simple(TypeKind::kInt);
    case NodeKind::kUint: return simple(TypeKind::kUint);
    case NodeKind::kDouble: return simple(TypeKind::kDouble);
    case NodeKind::kString: return simple(TypeKind::kString);
    case NodeKind::kBytes: return simple(TypeKind::kBytes);
    case NodeKind::kDuration: return simple(TypeKind::kDuration);
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
  return simple(TypeKind::kError);
}

Type CheckPass::name(NodeId id) {
  const std::string_view text = ast_.text(id);
  if (text.starts_with('.')) return field(id, *environment_.record, text.substr(1));
  for (size_t i = variables_.size(); i-- > 0;) {
    if (variables_[i].name == text) return resolved_[id].variable = variables_[i].id, variables_[i].type;
  }
  return field(id, *environment_.record, text);
}

Type CheckPass::field(NodeId id, const Record& record, std::string_view text) {
  const Span span = ast_.node(id).name;
  if (const Field* found = record.find(text)) {
    resolved_[id].column = found->column;
    if (found->type.is(TypeKind::kUnreadable))
      return error(span, "'" + std::string(text) + "' has a type that rules can't read: an integer of more than 64 bits");
    return found->type;
  }
  std::vector<std::string_view> candidates;
  for (const Field& other : record.fields) candidates.push_back(other.name);
  const bool root = ast_.node(id).kind == NodeKind::kName;
  if (root) {
    for (const Variable& variable : variables_) candidates.push_back(variable.name);
  }
  const auto names = function_names();
  if (root && std::find(names.begin(), names.end(), text) != names.end()) return error(span, "'" + std::string(text) + "' is a function: call it with (…)");
  return error(span, record.name + " has no field '" + excerpt(text) + "'" + did_you_mean(text, candidates));
}

Type CheckPass::select(NodeId id) {
  const NodeId operand = ast_.child(id, 0);
  const Type of = visit(operand);
  const std::string text(ast_.text(id));
  if (of.is(TypeKind::kError)) return of;
  if (of.nullable) return may_be_null(operand, "a field is taken of a value");
  if (of.is(TypeKind::kRecord)) return field(id, *of.record, text);
  if (of.is(TypeKind::kMap)) {
    if (of.children[0].is(TypeKind::kString) || of.children[0].is(TypeKind::kNever)) return of.children[1];
    return error(ast_.node(id).name, "a key after a dot is a string; the keys of this map are " + to_string(of.children[0]) + ": map[key]");
  }
  return error(ast_.node(id).name,
               "'." + excerpt(text) + "': " + to_string(of) + " has no fields" + (refusal(text).empty() ? "" : "; " + std::string(refusal(text))));
}

Type CheckPass::has(NodeId id) {
  Type asked;
  if (ast_.node(id).child_count == 0) {
    std::string_view text = ast_.text(id);
    for (const Variable& variable : variables_) {
      if (variable.name == text)
        return error(ast_.node(id).span, "has() takes a field, and '" + variable.name + "' is a variable here: write " + variable.name + " != null");
    }
    asked = field(id, *environment_.record, text.substr(text.starts_with('.')));
  } else {
    asked = select(id);
    if (type(ast_.child(id, 0)).is(TypeKind::kMap)) return asked.is(TypeKind::kError) ? asked : simple(TypeKind::kBool);
  }
  if (asked.is(TypeKind::kError)) return asked;
  if (asked.is(TypeKind::kRecord))
    return error(ast_.node(id).name, asked.record->name + " is a record, which has no null of its own: ask for one of its fields");
  if (!asked.nullable) ast_.replace(id, NodeKind::kBool, 1, ""), folded_[id] = true;
  return simple(TypeKind::kBool);
}

Type CheckPass::list_literal(NodeId id) {
  Type element = simple(TypeKind::kNever);
  for (const NodeId child : ast_.children(id)) visit(child);
  read_literals_as_decimals(ast_.children(id));
  for (const NodeId child : ast_.children(id)) {
    if (wrong(child)) return simple(TypeKind::kError);
    auto joined = join(element, type(child));
    if (!joined) return error(ast_.node(child).span, "a list holds values of one type: this is " + to_string(type(child)) + " after " + to_string(element));
    element = *std::move(joined);
  }
  return list(std::move(element));
}

Type CheckPass::map_literal(NodeId id) {
  Type parts[2] = {simple(TypeKind::kNever), simple(TypeKind::kNever)};
  bool fine = true;
  for (size_t i = 0; i < ast_.node(id).child_count; ++i) {
    const NodeId child = ast_.child(id, i);
    const Type of = visit(child);
    if (of.is(TypeKind::kError)) fine = false;
    if (!fine) continue;
    const bool is_key = i % 2 == 0, key_kind = of.is(TypeKind::kBool) || of.is(TypeKind::kInt) || of.is(TypeKind::kUint) || of.is(TypeKind::kString);
    if (is_key && of.nullable)
      may_be_null(child, "a map's key is a value"), fine = false;
    else if (is_key && !key_kind)
      error(ast_.node(child).span, "a map's keys are bool, int, uint or string; this is " + to_string(of)), fine = false;
    if (!fine) continue;
    auto joined = join(parts[i % 2], of);
    if (!joined)
      error(ast_.node(child).span,
            std::string("a map's ") + (is_key ? "keys" : "values") + " are of one type: this is " + to_string(of) + " after " + to_string(parts[i % 2])),
          fine = false;
    else
      parts[i % 2] = *std::move(joined);
  }
  return fine ? map(std::move(parts[0]), std::move(parts[1])) : simple(TypeKind::kError);
}

Type CheckPass::comprehension(NodeId id) {
  const Macro macro = ast_.node(id).macro;
  const NodeId range = ast_.child(id, 0), first = ast_.child(id, 1), last = ast_.child(id, ast_.node(id).child_count - 1);
  const std::string word(rules::name(macro));
  Type of = visit(range);
  if (of.nullable)
    of = may_be_null(range, word + "() goes over a list or a map's keys");
  else if (!of.is(TypeKind::kError) && !of.is(TypeKind::kList) && !of.is(TypeKind::kMap)) {
    of = error(ast_.node(range).span, word + "() goes over a list or a map's keys; this is " + to_string(of));
  }
  if (variables_.size() >= options_.comprehensions_max) {
    return error(ast_.node(id).span,
                 "more than " + std::to_string(options_.comprehensions_max) + " macros inside each other: each multiplies the cost by the length of a list");
  }
  Type element = of.is(TypeKind::kError) ? of : of.children[0];
  variables_.push_back({std::string(ast_.text(id)), element, id + 1});
  visit(first);
  const bool transforms = macro == Macro::kMap;
  bool fine = (transforms && first == last) || is_bool(first, "the condition of " + word + "()");
  Keys known;
  if (!(transforms && first == last) && fine) known = not_null_if(first, true);
  if (transforms && first != last) guards_.push_back(known), visit(last), guards_.pop_back();
  variables_.pop_back();
  if (of.is(TypeKind::kError) || !fine || (transforms && wrong(last))) return simple(TypeKind::kError);
  if (transforms) return list(type(last));
  if (macro != Macro::kFilter) return simple(TypeKind::kBool);
  if (known.contains("#" + std::to_string(id + 1))) element.nullable = false;
  return list(std::move(element));
}

}  // namespace millrace::rules

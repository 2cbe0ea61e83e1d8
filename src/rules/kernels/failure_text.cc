#include "rules/kernels/failure_text.h"

#include <algorithm>

#include "rules/kernels/load.h"
#include "rules/kernels/value_text.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

constexpr size_t kExpressionMax = 100, kFieldsMax = 6;

// The event's fields below a node, each once, in the order in which they stand there.
void collect_fields(const Checked& checked, NodeId id, std::vector<NodeId>& fields) {
  const Node& node = checked.ast.node(id);
  const int32_t column = checked.resolved[id].column;
  bool in_lookup = false;
  for (NodeId at = id; checked.ast.node(at).kind == NodeKind::kSelect && !in_lookup;) {
    at = checked.ast.child(at, 0);
    in_lookup = checked.ast.node(at).kind == NodeKind::kCall && checked.ast.text(at) == "lookup";
  }
  if (column >= 0 && !in_lookup && node.kind != NodeKind::kHas) {
    const bool seen = std::any_of(fields.begin(), fields.end(), [&](NodeId other) { return checked.resolved[other].column == column; });
    if (!seen) fields.push_back(id);
    return;
  }
  for (const NodeId child : checked.ast.children(id)) collect_fields(checked, child, fields);
}

std::string value_of(const Checked& checked, NodeId field, const Input& input, uint32_t row) {
  const auto column = static_cast<size_t>(checked.resolved[field].column);
  const size_t in_block = input.event_columns();
  if (column >= in_block) return text_of(*input.derived[column - in_block], row - input.first_row, checked.types[field]);
  TextArena arena;
  Store store;
  load(input.block->column(column), {nullptr, row, 1}, arena, store);
  return text_of(store.vector(), 0, checked.types[field]);
}

}  // namespace

std::string describe_failure(const Checked& checked, Failure failure, const Input& input, uint32_t row) {
  const NodeId node = node_at(checked.ast, failure.place());
  std::string text = excerpt(unparse(checked.ast, node), kExpressionMax) + ": " + describe(failure.code());
  std::vector<NodeId> fields;
  collect_fields(checked, node, fields);
  if (fields.empty()) return text;
  text += " (";
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ", ";
    if (i == kFieldsMax) {
      text += "…";
      break;
    }
    text += unparse(checked.ast, fields[i]) + " = " + value_of(checked, fields[i], input, row);
  }
  return text + ")";
}

}  // namespace millrace::rules

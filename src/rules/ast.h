#pragma once
// An expression as a tree: nodes, children and texts in three vectors, so that a tree is copied, moved and freed in a few
// steps, whatever its depth. Macros are already expanded: has, all, exists, exists_one, map and filter are nodes of their own.

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/diagnostic.h"

namespace millrace::rules {

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;

enum class NodeKind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,  // text: as it was written ("1.50"), since beside a decimal the digits count
  kString,
  kBytes,          // text: the value
  kDuration,       // only made by folding duration("…"): nanoseconds in as_int()
  kName,           // text: the name; ".name" is never a macro's variable
  kSelect,         // text: the field; child: the operand
  kHas,            // text: the field; child: the operand, or none for has(name)
  kOperator,       // op; children: the operands
  kCall,           // text: the function; children: the arguments
  kMethod,         // text: the function; children: the receiver, the arguments
  kList,           // children: the elements
  kMap,            // children: key, value, key, value …
  kComprehension,  // macro; text: the variable; children: the range, [kMap with a filter: the filter,] the body
};

enum class Operator : uint8_t {
  kNone,
  kConditional,
  kOr,
  kAnd,  // two operands or more: a || b || c is one node
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNot,
  kNegate,
  kIndex,
};
enum class Macro : uint8_t { kNone, kAll, kExists, kExistsOne, kMap, kFilter };

struct Node {
  NodeKind kind = NodeKind::kNull;
  Operator op = Operator::kNone;
  Macro macro = Macro::kNone;
  uint16_t depth = 1;  // 1 + that of the deepest child
  Span span = {};      // all of it
  Span name = {};      // the field, function, variable or operator in it
  uint32_t text_begin = 0, text_size = 0;
  uint32_t children_begin = 0, child_count = 0;
  uint64_t bits = 0;  // kBool, kInt, kUint, kDouble, kDuration

  bool as_bool() const { return bits != 0; }
  int64_t as_int() const { return static_cast<int64_t>(bits); }
  double as_double() const { return std::bit_cast<double>(bits); }
  bool is_literal() const { return kind <= NodeKind::kDuration; }
};

// Belongs to one thread while it is made; then immutable.
class Ast {
 public:
  const Node& node(NodeId id) const { return nodes_[id]; }
  Node& node(NodeId id) { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  std::span<const NodeId> children(NodeId id) const { return {children_.data() + nodes_[id].children_begin, nodes_[id].child_count}; }
  NodeId child(NodeId id, size_t index) const { return children_[nodes_[id].children_begin + index]; }
  std::string_view text(NodeId id) const { return std::string_view(texts_).substr(nodes_[id].text_begin, nodes_[id].text_size); }
  NodeId root() const { return root_; }
  void set_root(NodeId root) { root_ = root; }

  // Adds a node; its depth comes from its children, its text and children are copied.
  NodeId add(Node node, std::string_view text, std::span<const NodeId> children);
  // The node becomes this literal (folding): its children and text are forgotten, its span stays.
  void replace(NodeId id, NodeKind kind, uint64_t bits, std::string_view text);

  // Same shape, values and names, wherever they stand in a source.
  bool same(NodeId id, const Ast& other, NodeId other_id) const;

 private:
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::string texts_;
  NodeId root_ = kNoNode;
};

std::string_view symbol(Operator op);  // "+", "&&", "in", "[]", "?:"
std::string_view name(Macro macro);    // "exists_one"

}  // namespace millrace::rules

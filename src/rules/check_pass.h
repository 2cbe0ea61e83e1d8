#pragma once
// The one walk over a tree that checker.h speaks of; its parts are in checker.cc, check_calls.cc and null_guards.cc.

#include <set>
#include <string>

#include "rules/checker.h"

namespace millrace::rules {

class CheckPass {
 public:
  CheckPass(Ast ast, const Environment& environment, const CheckOptions& options)
      : ast_(std::move(ast)), environment_(environment), options_(options), types_(ast_.size()), resolved_(ast_.size()), folded_(ast_.size()) {}
  std::expected<Checked, Diagnostics> run();

 private:
  using Keys = std::set<std::string>;
  struct Variable {
    std::string name;
    Type type;
    uint32_t id;
  };

  // checker.cc
  Type visit(NodeId id);
  Type type_of_node(NodeId id);
  Type name(NodeId id);
  Type field(NodeId id, const Record& record, std::string_view name);
  Type select(NodeId id);
  Type has(NodeId id);
  Type list_literal(NodeId id);
  Type map_literal(NodeId id);
  Type comprehension(NodeId id);
  bool is_bool(NodeId id, const std::string& what);
  Type error(Span span, std::string message);
  Type may_be_null(NodeId id, const std::string& what);
  const Type& type(NodeId id) const { return types_[id]; }
  bool wrong(NodeId id) const { return types_[id].is(TypeKind::kError); }

  // check_calls.cc
  Type operation(NodeId id);
  Type logical(NodeId id);
  Type conditional(NodeId id);
  Type equality(NodeId id);
  Type membership(NodeId id);
  Type call(NodeId id);
  Type lookup(NodeId id);
  Type or_value(NodeId id);
  Type resolve(NodeId id, std::string_view name, char style);
  Type no_overload(NodeId id, std::string_view name, std::span<const Overload> candidates, const std::vector<Type>& arguments, char style);
  Type decimal_result(NodeId id, const Overload& overload, const std::vector<Type>& arguments);
  int64_t literal_scale(NodeId id);
  void read_literals_as_decimals(std::span<const NodeId> nodes);
  void fold_constants(NodeId id);

  // null_guards.cc: what is known not to be null where a condition is true, or false
  std::string key(NodeId id) const;  // the same for the same value; "" for what can't be guarded
  Keys not_null_if(NodeId condition, bool value) const;
  bool guarded(NodeId id) const;

  Ast ast_;
  const Environment& environment_;
  const CheckOptions& options_;
  std::vector<Type> types_;
  std::vector<Resolution> resolved_;
  std::vector<bool> folded_;
  std::vector<Variable> variables_;
  std::vector<Keys> guards_;
  Diagnostics errors_;
};

}  // namespace millrace::rules

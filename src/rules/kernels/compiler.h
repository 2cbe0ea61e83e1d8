#pragma once
// From a checked tree to a program. compiler.cc walks the tree, compile_operators.cc and compile_calls.cc pick the kernels, shape.cc writes
// what is left of the tree when its literals are parameters.

#include <map>
#include <string>
#include <vector>

#include "rules/kernels/kernels.h"
#include "rules/kernels/program.h"

namespace millrace::rules {

class Compiler {
 public:
  explicit Compiler(const Checked& checked);
  std::expected<Compiled, Diagnostics> run();

 private:
  using Register = uint32_t;
  // The instructions of one scope while it is open: those of a scope around it may still grow, since they run before it.
  struct Level {
    std::vector<Instruction> code;
    std::map<std::string, Register> known;  // what was loaded in this scope already
  };
  struct Variable {
    Register at = 0;
    size_t level = 0;
  };

  const Type& type(NodeId id) const { return checked_.types[id]; }
  const Ast& ast() const { return checked_.ast; }
  NodeId child(NodeId id, size_t i) const { return checked_.ast.child(id, i); }

  // compiler.cc
  Register node(NodeId id);                    // its value, in the scope that is open
  Register as(NodeId id, const Type& wanted);  // the same as another type that holds its values
  Register parameter(NodeId id, const Type& wanted);
  Register name(NodeId id);
  Register select(NodeId id);
  Register has(NodeId id);
  Register list_literal(NodeId id);
  Register map_literal(NodeId id);
  Register comprehension(NodeId id);
  Register field(NodeId id);  // of the event, or of a reference table's row
  Register row_of(NodeId lookup);
  Register variable(uint32_t id);
  Register text_constant(NodeId id, std::string_view text);
  Register null_of(NodeId id, const Type& type);
  Register converted(NodeId id, Register value, const Type& from, const Type& to);
  NodeId lookup_below(NodeId select) const;  // kNoNode if it is a field of the event

  // compile_operators.cc
  Register operation(NodeId id);
  Register connective(NodeId id);
  Register conditional(NodeId id);
  Register equality(NodeId id);
  Register membership(NodeId id);
  Register index(NodeId id);
  Register order(NodeId id);
  Register decimal_operation(NodeId id);
  std::pair<Type, Type> comparable(NodeId a, NodeId b) const;  // decimals, of one scale if 38 digits allow it
  bool cheap(NodeId id) const;                                 // cheaper to evaluate for all entries than to choose some
  // compile_calls.cc
  Register call(NodeId id);
  bool lifted(NodeId id) const;  // a call of a literal that is a literal itself: decimal("1.50"), timestamp("…")
  Register decimal_call(NodeId id, std::string_view overload);
  Register or_value(NodeId id);
  Register with_pattern(NodeId id);
  Register with_time_zone(NodeId id);

  // emitting
  Register emit(NodeId id, Kernel kernel, std::vector<Register> operands, Instruction more = {});
  void open() { levels_.emplace_back(); }
  // Closes the scope that is open: its instructions become the body of this one.
  Register close(NodeId id, Kernel kernel, std::vector<Register> operands, Instruction more);
  Register only_for(NodeId id, Register mask, Only which, NodeId body, const Type& wanted);  // cheap: for all
  Instruction make(NodeId id, Kernel kernel, const std::vector<Register>& operands, Instruction more);
  template <class T>
  const T* hold(std::shared_ptr<const T> constant) {
    program_->constants_.push_back(constant);
    return constant.get();
  }
  const Type* hold_type(const Type& type) { return hold(std::make_shared<const Type>(type)); }

  std::string shape(NodeId id) const;

  const Checked& checked_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  Parameters parameters_;
  std::vector<Level> levels_;
  std::map<uint32_t, Variable> variables_;
  std::vector<uint32_t> places_;        // by node
  std::map<NodeId, Parameter> lifted_;  // literals that became parameters
  Diagnostics errors_;
};

Kernel find_kernel(std::string_view overload);  // nullptr for what the compiler itself picks
bool needs_conversion(const Type& from, const Type& to);

}  // namespace millrace::rules

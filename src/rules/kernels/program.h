#pragma once
// A checked expression, compiled once into vectorised instructions, and how it is run. This is the way in for whoever evaluates rules:
//
//   auto compiled = compile(*checked);                      // once: a program, and the literals of this expression
//   ParameterTable table;
//   table.add(compiled->parameters);                        // instance 0; another expression of the same shape(): instance 1, …
//   Evaluator evaluator;                                    // one for each thread
//   const Vector& result = evaluator.evaluate(*compiled->program, {.block = &block}, {.rows = rows, .instances = instances}, table);
//   result.failure(i), result.is_null(i), result.at<double>(i)   // until the next evaluate()
//
// Literals are no part of a program: `amount > 10` and `amount > 20` are one program with two rows of parameters, so that a rule that
// thousands of tenants have in common runs once over all their rows. Programs of equal shape() that were checked against the same environment
// can stand for each other. What is looked at once stays in the shape: patterns, time zones, scales, tables, numbers of elements.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "rules/checker.h"
#include "rules/kernels/instruction.h"
#include "rules/kernels/parameter_table.h"

namespace millrace::rules {

// Immutable: shared between threads.
class Program {
 public:
  const Type& type() const { return type_; }  // of the result
  const std::string& shape() const { return shape_; }
  bool needs_key() const { return needs_key_; }  // hmac: each instance comes with a key
  size_t parameter_count() const { return parameter_count_; }

  // --- for the evaluator
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const std::vector<uint32_t>& operands() const { return operands_; }
  uint32_t register_count() const { return register_count_; }
  uint32_t scope_count() const { return scope_count_; }
  uint32_t result() const { return result_; }

 private:
  friend class Compiler;
  std::vector<Instruction> instructions_;
  std::vector<uint32_t> operands_;
  std::vector<std::shared_ptr<const void>> constants_;  // patterns, time zones, types that instructions point to
  Type type_;
  std::string shape_;
  uint32_t register_count_ = 0, scope_count_ = 0, result_ = 0;
  size_t parameter_count_ = 0;
  bool needs_key_ = false;
};

struct Compiled {
  std::shared_ptr<const Program> program;
  Parameters parameters;
};

// The diagnostics: a pattern that RE2 refuses, a time zone that this system doesn't know.
std::expected<Compiled, Diagnostics> compile(const Checked& checked);

// The nodes below `root` in preorder: what Failure::place() counts, the same in every expression of a shape.
NodeId node_at(const Ast& ast, uint32_t place);

}  // namespace millrace::rules

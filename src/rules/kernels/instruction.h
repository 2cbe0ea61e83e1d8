#pragma once
// One step of a program: a kernel, where its operands and its result are, and what is known of it since compilation. Kernels run over all
// entries of a scope; what a row's type or operator is was decided when the kernel was picked.

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::rules {

struct Frame;
struct Instruction;
using Kernel = void (*)(Frame&, const Instruction&);

struct Instruction {
  Kernel kernel = nullptr;
  uint32_t out = 0;                                // register
  uint32_t operands_begin = 0, operand_count = 0;  // in Program::operands()
  uint32_t place = 0;                              // the node, for failures
  uint32_t next = 0;                               // the instruction behind this one and its body
  uint32_t scope = 0;                              // of its body: where the evaluator keeps its entries
  int32_t a = 0, b = 0;                            // column, parameter, table, scale …, as the kernel says
  const void* constant = nullptr;                  // held by the program
};

struct NamedKernel {
  std::string_view overload;  // Overload::id
  Kernel kernel;
};

}  // namespace millrace::rules

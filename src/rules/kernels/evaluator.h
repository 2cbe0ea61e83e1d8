#pragma once
// Runs programs over rows. Belongs to one thread and keeps its memory: warm, it allocates nothing.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columns/block.h"
#include "rules/kernels/parameter_table.h"
#include "rules/kernels/program.h"
#include "rules/kernels/reference_rows.h"
#include "rules/kernels/text_arena.h"
#include "rules/kernels/vector.h"

namespace millrace::rules {

// What the columns of an environment are in this batch.
struct Input {
  const columns::Block* block = nullptr;  // at most 2^32 rows
  // Columns behind the event's: column event_columns() + i is derived[i], whose entry 0 is row `first_row`. Entries that failed may not
  // be asked for.
  std::span<const Vector* const> derived = {};
  uint32_t first_row = 0;
  std::span<const ReferenceRows* const> tables = {};  // as Environment::tables
  size_t columns_seen = SIZE_MAX;                     // of the block; those behind them aren't fields

  size_t event_columns() const { return block == nullptr ? 0 : std::min(columns_seen, block->column_count()); }
};

// What to evaluate: entry i is row rows[i], with the parameters of instances[i]. No instances: all of them have those of `instance`.
struct Entries {
  std::span<const uint32_t> rows;
  std::span<const uint32_t> instances = {};
  uint32_t instance = 0;
};

// The entries that a part of a program runs over. Inside of a branch or macro they are a choice, or the elements, of those around it.
struct Scope {
  size_t size = 0;
  const uint32_t* rows = nullptr;
  bool dense = false;                   // rows are neighbours: rows[0], rows[0] + 1, …
  const uint32_t* instances = nullptr;  // none: all are `instance`
  uint32_t instance = 0;
  const uint32_t* outer = nullptr;  // entry of the scope around it
};

class Evaluator {
 public:
  // One result for each entry; it stays valid until the next call. `input` and `parameters` must live as long as the result is used.
  const Vector& evaluate(const Program& program, const Input& input, const Entries& entries, const ParameterTable& parameters);
  size_t memory() const { return arena_.memory(); }
  columns::Buffer& scratch() { return scratch_; }  // of one kernel while it runs
  Store& register_at(uint32_t index) { return *registers_[index]; }

 private:
  friend struct Frame;
  struct ScopeMemory {
    std::vector<uint32_t> rows, instances, outer, elements;
    std::vector<uint64_t> ends;
  };
  TextArena arena_;
  columns::Buffer scratch_;
  std::vector<std::unique_ptr<Store>> registers_;
  std::vector<std::unique_ptr<ScopeMemory>> scopes_;
};

// What a kernel sees.
struct Frame {
  Evaluator& evaluator;
  const Program& program;
  const Input& input;
  const ParameterTable& parameters;
  Scope scope;

  TextArena& arena() const { return evaluator.arena_; }
  const Vector& operand(const Instruction& instruction, size_t index) const {
    return evaluator.registers_[program.operands()[instruction.operands_begin + index]]->vector();
  }
  Store& out(const Instruction& instruction) const { return *evaluator.registers_[instruction.out]; }
  // Runs the instructions [begin, end) over another scope.
  void run(uint32_t begin, uint32_t end, const Scope& inner) const;
  // Opens the scope of an instruction's body: its entries are `outer` ones of this scope, in any order and number.
  std::vector<uint32_t>& open(const Instruction& instruction) const;  // where the entries are to be written
  Scope opened(const Instruction& instruction) const;                 // after they were
  // More scratch of the instruction's: a macro's elements, and where each entry's end.
  std::vector<uint32_t>& elements(const Instruction& instruction) const { return evaluator.scopes_[instruction.scope]->elements; }
  std::vector<uint64_t>& ends(const Instruction& instruction) const { return evaluator.scopes_[instruction.scope]->ends; }
};

}  // namespace millrace::rules

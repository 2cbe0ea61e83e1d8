#include "rules/kernels/evaluator.h"

#include "base/result.h"

namespace millrace::rules {
namespace {

bool are_neighbours(std::span<const uint32_t> rows) {
  uint32_t wrong = 0;
  for (size_t i = 0; i < rows.size(); ++i) wrong |= rows[i] ^ (rows[0] + static_cast<uint32_t>(i));
  return wrong == 0;
}
bool are_equal(std::span<const uint32_t> instances) {
  uint32_t wrong = 0;
  for (const uint32_t instance : instances) wrong |= instance ^ instances[0];
  return wrong == 0;
}

}  // namespace

const Vector& Evaluator::evaluate(const Program& program, const Input& input, const Entries& entries, const ParameterTable& parameters) {
  MILLRACE_CHECK(entries.instances.empty() || entries.instances.size() == entries.rows.size(), "each entry has an instance, or none has");
  MILLRACE_CHECK(parameters.parameter_count() == program.parameter_count(), "the parameters are those of the program");
  while (registers_.size() < program.register_count()) registers_.push_back(std::make_unique<Store>());
  while (scopes_.size() < program.scope_count()) scopes_.push_back(std::make_unique<ScopeMemory>());
  arena_.reset();
  if (entries.rows.empty()) {  // so that no kernel sees a scope without entries: branches and macros skip those too
    Store& none = *registers_[program.result()];
    none.reset(form_of(program.type()), 0);
    return none.vector();
  }
  Scope scope;
  scope.size = entries.rows.size(), scope.rows = entries.rows.data(), scope.dense = are_neighbours(entries.rows);
  scope.instance = entries.instances.empty() ? entries.instance : entries.instances[0];
  if (!are_equal(entries.instances)) scope.instances = entries.instances.data();
  Frame frame{*this, program, input, parameters, scope};
  frame.run(0, static_cast<uint32_t>(program.instructions().size()), scope);
  return registers_[program.result()]->vector();
}

void Frame::run(uint32_t begin, uint32_t end, const Scope& inner) const {
  Frame frame{evaluator, program, input, parameters, inner};
  const auto& instructions = program.instructions();
  for (uint32_t at = begin; at < end; at = instructions[at].next) instructions[at].kernel(frame, instructions[at]);
}

std::vector<uint32_t>& Frame::open(const Instruction& instruction) const {
  auto& outer = evaluator.scopes_[instruction.scope]->outer;
  outer.clear();
  return outer;
}

Scope Frame::opened(const Instruction& instruction) const {
  auto& memory = *evaluator.scopes_[instruction.scope];
  Scope inner;
  inner.size = memory.outer.size(), inner.outer = memory.outer.data();
  memory.rows.resize(inner.size);
  for (size_t i = 0; i < inner.size; ++i) memory.rows[i] = scope.rows[memory.outer[i]];
  inner.rows = memory.rows.data();
  inner.instance = scope.instance;
  if (scope.instances != nullptr) {
    memory.instances.resize(inner.size);
    for (size_t i = 0; i < inner.size; ++i) memory.instances[i] = scope.instances[memory.outer[i]];
    inner.instances = memory.instances.data();
  }
  return inner;
}

}  // namespace millrace::rules

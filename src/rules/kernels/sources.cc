// Where values come from: columns, parameters, the scope around, reference tables.
#include "base/result.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/load.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

Rows rows_of(const Scope& scope, uint32_t before = 0) {
  if (scope.size == 0) return {};
  if (scope.dense) return {nullptr, scope.rows[0] - before, scope.size};
  return {scope.rows, 0, scope.size};
}

}  // namespace

void load_field(Frame& frame, const Instruction& instruction) {
  const auto column = static_cast<size_t>(instruction.a), in_block = frame.input.event_columns();
  Store& out = frame.out(instruction);
  if (column < in_block) return load(frame.input.block->column(column), rows_of(frame.scope), frame.arena(), out);
  MILLRACE_CHECK(column - in_block < frame.input.derived.size(), "a derived field is evaluated before it is read");
  const Vector& from = *frame.input.derived[column - in_block];
  if (frame.scope.dense || frame.input.first_row == 0) return gather(from, rows_of(frame.scope, frame.input.first_row), out);
  columns::Buffer& rows = out.positions();
  rows.clear();
  for (size_t i = 0; i < frame.scope.size; ++i) rows.put(frame.scope.rows[i] - frame.input.first_row);
  gather(from, {frame.scope.size == 0 ? nullptr : reinterpret_cast<const uint32_t*>(rows.data()), 0, frame.scope.size}, out);
}

void load_parameter(Frame& frame, const Instruction& instruction) {
  const auto form = static_cast<Form>(reinterpret_cast<uintptr_t>(instruction.constant));
  const size_t width = width_of(form);
  const auto* values = static_cast<const char*>(frame.parameters.values(static_cast<size_t>(instruction.a)));
  Store& out = frame.out(instruction);
  if (frame.scope.instances == nullptr) {
    out.show(form, values + frame.scope.instance * width, 1);
    out.set_step(0);
  } else {
    Vector all;
    all.form = form, all.values = values, all.size = frame.parameters.instances();
    gather(all, {frame.scope.instances, 0, frame.scope.size}, out);
  }
  out.set_scale(static_cast<uint8_t>(instruction.b));
}

void load_text(Frame& frame, const Instruction& instruction) {
  frame.out(instruction).show(Form::kText, instruction.constant, 1);
  frame.out(instruction).set_step(0);
}

void load_null(Frame& frame, const Instruction& instruction) {
  const auto& type = *static_cast<const Type*>(instruction.constant);
  Store& out = frame.out(instruction);
  out.reset_to_zero(form_of(type), 1);
  out.set_step(0), out.set_scale(type.scale);
  out.make_nulls()[0] = 1;
}

void capture(Frame& frame, const Instruction& instruction) {
  gather(frame.operand(instruction, 0), {frame.scope.size == 0 ? nullptr : frame.scope.outer, 0, frame.scope.size}, frame.out(instruction));
}

void find_row(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kInt, Output::Nulls::kSeen);
  const Vector& keys = frame.operand(instruction, 0);
  const ReferenceRows& table = *frame.input.tables[static_cast<size_t>(instruction.a)];
  auto* rows = out.values<int64_t>();
  uint8_t* nulls = out.store().make_nulls();
  for (size_t i = 0; i < out.size(); ++i) {
    const bool none = out.failed(i) || keys.is_null(i) || keys.form == Form::kNothing;
    rows[i] = none ? ReferenceRows::kNone : keys.form == Form::kText ? table.find(keys.at<std::string_view>(i)) : table.find(keys.at<int64_t>(i));
    if (rows[i] == ReferenceRows::kNone) rows[i] = 0, nulls[i] = 1;
  }
}

void load_reference(Frame& frame, const Instruction& instruction) {
  const Vector& found = frame.operand(instruction, 0);
  const columns::Block& table = frame.input.tables[static_cast<size_t>(instruction.a)]->rows();
  Store& out = frame.out(instruction);
  const size_t size = found.step == 0 ? 1 : frame.scope.size;
  if (table.rows() == 0) {
    const auto* type = static_cast<const Type*>(instruction.constant);
    out.reset_to_zero(type == nullptr ? Form::kNothing : form_of(*type), size);
    out.set_scale(type == nullptr ? 0 : type->scale);
    std::memset(out.make_nulls(), 1, size);
  } else {
    columns::Buffer& positions = frame.evaluator.scratch();
    positions.clear();
    for (size_t i = 0; i < size; ++i) positions.put(static_cast<uint32_t>(found.data<int64_t>()[i]));
    load(table.column(static_cast<size_t>(instruction.b)), {size == 0 ? nullptr : reinterpret_cast<const uint32_t*>(positions.data()), 0, size}, frame.arena(),
         out);
    out.add_nulls(found.nulls);
  }
  out.set_step(found.step);
  if (found.failures != nullptr) std::memcpy(out.make_failures(), found.failures, size * sizeof(uint32_t));
}

}  // namespace millrace::rules

#include "avro/decode_compiler.h"

#include <algorithm>

#include "base/result.h"

namespace millrace::avro {
namespace {

using columns::Kind;
using Form = ColumnPlan::Form;

const Node& other_branch(const Node& two, size_t index) { return *two.branches[1 - index]; }
bool is_null(const Node* node) { return node->type == Type::kNull; }

}  // namespace

std::expected<DecodeProgram, Rejection> DecodeProgram::compile(const Schema& writer, const Schema& reader, const MappingOptions& options) {
  return DecodeCompiler::run(writer, reader, options);
}

std::expected<DecodeProgram, Rejection> DecodeCompiler::run(const Schema& writer, const Schema& reader, const MappingOptions& options) {
  auto plan = plan_columns(reader, options);
  if (!plan) return std::unexpected(std::move(plan.error()));
  DecodeCompiler compiler;
  const bool resolves = compiler.match_.resolves(writer.root(), reader.root());
  const Rejection too_large{RejectionCode::kTooLarge, Stage::kSchema, -1, "the schemas are nested too deeply, or too large, to be compared"};
  if (compiler.match_.too_large()) return std::unexpected(too_large);
  if (!resolves)
    return std::unexpected(Rejection{RejectionCode::kIncompatibleSchema, Stage::kSchema, -1, "the writer's schema can't be read with the reader's"});
  DecodeProgram& program = compiler.program_;
  compiler.emit(writer.root(), reader.root(), plan->root);
  compiler.add(Code::kEnd);
  for (size_t i = 0; i < compiler.routines_.size() && !compiler.full(); ++i) {  // a routine may add more
    const Routine routine = compiler.routines_[i];
    compiler.routines_[i].begin = compiler.here();
    compiler.path_ = routine.path;
    if (routine.reader != nullptr) {
      compiler.emit_json_record(*routine.writer, *routine.reader);
    } else {
      for (const Field& field : routine.writer->fields) compiler.emit_skip(*field.type);
    }
    compiler.add(Code::kReturn);
  }
  if (compiler.match_.too_large()) return std::unexpected(too_large);
  if (compiler.full()) return std::unexpected(Rejection{RejectionCode::kTooLarge, Stage::kSchema, -1, "the schemas make a program that is too long"});
  for (Op& op : program.ops_)
    if (op.code == Code::kCall) op.a = compiler.routines_[op.a].begin;
  program.columns_ = std::move(plan->columns);
  program.node_count_ = plan->node_count;
  return std::move(program);
}

uint32_t DecodeCompiler::add(Code code, uint32_t column, uint32_t a, uint32_t b) {
  program_.ops_.push_back({code, column, a, b});
  program_.op_paths_.push_back(path_index());
  return here() - 1;
}
uint32_t DecodeCompiler::path_index() {
  const auto [entry, fresh] = path_indexes_.try_emplace(path_, static_cast<uint32_t>(program_.paths_.size()));
  if (fresh) program_.paths_.push_back(path_);
  return entry->second;
}
uint32_t DecodeCompiler::add_text(std::string text) {
  const auto [entry, fresh] = text_indexes_.try_emplace(text, static_cast<uint32_t>(program_.texts_.size()));
  if (fresh) program_.texts_.push_back(std::move(text));
  return entry->second;
}

void DecodeCompiler::emit(const Node& writer, const Node& reader, const ColumnPlan& plan, Marked marked) {
  if (full()) return;
  if (writer.type == Type::kUnion) return emit_union(writer, reader, plan, marked);
  if (reader.type == Type::kUnion && plan.form != Form::kText) {
    const Node* const branch = match_.branch_for(writer, reader);
    return branch != nullptr ? emit(writer, *branch, plan, marked) : void();  // nullptr: too_large()
  }
  if (plan.form == Form::kNothing) return;
  if (writer.type == Type::kNull && (plan.form != Form::kText || is_nullable(plan.type))) return emit_null(plan);
  if (plan.form == Form::kRecord) return emit_record(writer, reader, plan);
  if (plan.has_null_map() && marked == Marked::kNo) add(Code::kNotNull, plan.node);
  if (plan.form == Form::kArray || plan.form == Form::kMap) return emit_elements(writer, reader, plan);
  if (plan.form == Form::kLeaf) return emit_leaf(writer, reader, plan);
  add(Code::kJsonBegin);
  emit_json(writer, reader);
  add(Code::kJsonEnd, plan.value_node());
}

void DecodeCompiler::emit_null(const ColumnPlan& plan) {
  if (plan.form == Form::kRecord) {
    for (const ColumnPlan& part : plan.parts) emit_null(part);
  } else if (plan.form != Form::kNothing) {
    add(Code::kDefault, plan.node);
  }
}

void DecodeCompiler::emit_union(const Node& writer, const Node& reader, const ColumnPlan& plan, Marked marked) {
  const bool one_node = (plan.form == Form::kLeaf || plan.form == Form::kText) && is_nullable(plan.type);
  if (one_node && marked == Marked::kNo && writer.branches.size() == 2) {
    const auto null = static_cast<size_t>(std::find_if(writer.branches.begin(), writer.branches.end(), is_null) - writer.branches.begin());
    if (null < 2 && !is_null(&other_branch(writer, null)) && match_.resolves(*writer.branches[null], reader) &&
        match_.resolves(other_branch(writer, null), reader)) {
      const uint32_t optional = add(Code::kOptional, plan.node, static_cast<uint32_t>(null));
      emit(other_branch(writer, null), reader, plan, Marked::kYes);
      program_.ops_[optional].b = here();
      return;
    }
  }
  emit_branches(writer, &reader, [&](const Node& branch) { emit(branch, reader, plan, marked); });
}

void DecodeCompiler::emit_default(const Field& field, auto&& body) {
  const auto begin = static_cast<uint32_t>(program_.constants_.size());
  program_.constants_ += field.default_binary.value();
  add(Code::kConstant, kNoColumn, begin, static_cast<uint32_t>(program_.constants_.size()) - begin);
  body();
  add(Code::kConstantEnd);
}

void DecodeCompiler::emit_record(const Node& writer, const Node& reader, const ColumnPlan& plan) {
  const std::string outer = path_;
  auto enter = [&](const std::string& name) { path_ = outer.empty() ? name : outer + "." + name; };
  const std::vector<int> source = SchemaMatch::writer_fields(writer, reader);
  for (size_t w = 0; w < writer.fields.size(); ++w) {
    enter(writer.fields[w].name);
    const auto found = std::find(source.begin(), source.end(), static_cast<int>(w)) - source.begin();
    if (static_cast<size_t>(found) == source.size())
      emit_skip(*writer.fields[w].type);
    else
      emit(*writer.fields[w].type, *reader.fields[static_cast<size_t>(found)].type, plan.parts[static_cast<size_t>(found)]);
  }
  for (size_t i = 0; i < reader.fields.size(); ++i) {
    if (source[i] >= 0) continue;
    const Field& field = reader.fields[i];
    enter(field.name);
    emit_default(field, [&] { emit(*field.type, *field.type, plan.parts[i]); });
  }
  path_ = outer;
}

void DecodeCompiler::emit_elements(const Node& writer, const Node& reader, const ColumnPlan& plan) {
  const bool is_map = plan.form == Form::kMap;
  emit_loop(Code::kElementsBegin, Code::kElementsNext, plan.node, *writer.items, is_map, [&] {
    if (is_map) add(Code::kText, plan.node + 1);
    emit(*writer.items, *reader.items, plan.parts[0]);
  });
}

void DecodeCompiler::emit_enum(Code code, uint32_t column, const Node& writer, const Node& reader) {
  const auto table = static_cast<uint32_t>(program_.targets_.size());
  for (const std::string& symbol : writer.symbols) {
    auto found = std::find(reader.symbols.begin(), reader.symbols.end(), symbol);
    if (found == reader.symbols.end() && reader.enum_default) found = reader.symbols.begin() + *reader.enum_default;
    uint32_t value = 0;
    if (found != reader.symbols.end()) {
      value = code == Code::kEnumLow    ? add_text(*found) + 1
              : code == Code::kJsonEnum ? add_text("\"" + *found + "\"") + 1
                                        : static_cast<uint32_t>(found - reader.symbols.begin()) + 1;
    }
    program_.targets_.push_back(value);
  }
  add(code, column, table, static_cast<uint32_t>(writer.symbols.size()));
}

void DecodeCompiler::call(const Node& writer, const Node* reader) {
  const auto [entry, fresh] = routine_indexes_.try_emplace({&writer, reader}, static_cast<uint32_t>(routines_.size()));
  if (fresh) routines_.push_back({&writer, reader, path_});
  add(Code::kCall, kNoColumn, entry->second, match_.least_bytes(writer) == 0 ? 1 : 0);
}

void DecodeCompiler::emit_skip(const Node& writer) {
  if (full()) return;
  switch (writer.type) {
    case Type::kNull: return;
    case Type::kBoolean: add(Code::kSkipFixed, kNoColumn, 1); return;
    case Type::kInt:
    case Type::kLong:
    case Type::kEnum: add(Code::kSkipVarint); return;
    case Type::kFloat: add(Code::kSkipFixed, kNoColumn, 4); return;
    case Type::kDouble: add(Code::kSkipFixed, kNoColumn, 8); return;
    case Type::kBytes:
    case Type::kString: add(Code::kSkipBytes); return;
    case Type::kFixed: add(Code::kSkipFixed, kNoColumn, static_cast<uint32_t>(writer.size)); return;
    case Type::kUnion: return emit_branches(writer, nullptr, [&](const Node& branch) { emit_skip(branch); });
    case Type::kRecord: return call(writer, nullptr);
    case Type::kArray:
    case Type::kMap: {
      const bool is_map = writer.type == Type::kMap;
      emit_loop(Code::kSkipElementsBegin, Code::kSkipElementsNext, kNoColumn, *writer.items, is_map, [&] {
        if (is_map) add(Code::kSkipBytes);
        emit_skip(*writer.items);
      });
      return;
    }
  }
}

}  // namespace millrace::avro

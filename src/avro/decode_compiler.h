#pragma once
// Compiles a DecodeProgram: walks writer and reader together, in the order of the writer's bytes. Private to the room.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "avro/column_plan.h"
#include "avro/decode_program.h"
#include "avro/schema_match.h"

namespace millrace::avro {

class DecodeCompiler {
 public:
  static std::expected<DecodeProgram, Rejection> run(const Schema& writer, const Schema& reader, const MappingOptions& options);

 private:
  enum class Marked : bool { kNo, kYes };  // whether the null map has its byte for this value

  // Into columns.
  void emit(const Node& writer, const Node& reader, const ColumnPlan& plan, Marked marked = Marked::kNo);
  void emit_union(const Node& writer, const Node& reader, const ColumnPlan& plan, Marked marked);
  void emit_record(const Node& writer, const Node& reader, const ColumnPlan& plan);
  void emit_elements(const Node& writer, const Node& reader, const ColumnPlan& plan);
  void emit_leaf(const Node& writer, const Node& reader, const ColumnPlan& plan);
  void emit_enum(Code code, uint32_t column, const Node& writer, const Node& reader);
  void emit_null(const ColumnPlan& plan);
  // Into JSON text.
  void emit_json(const Node& writer, const Node& reader);
  void emit_json_record(const Node& writer, const Node& reader);
  // Nowhere.
  void emit_skip(const Node& writer);

  template <class Branch>
  void emit_branches(const Node& writer, const Node* reader, Branch&& branch);
  template <class Body>
  void emit_loop(Code begin, Code next, uint32_t column, const Node& element, bool is_map, Body&& body);
  void emit_default(const Field& field, auto&& body);
  void call(const Node& writer, const Node* reader);

  uint32_t add(Code code, uint32_t column = kNoColumn, uint32_t a = 0, uint32_t b = 0);
  uint32_t here() const { return static_cast<uint32_t>(program_.ops_.size()); }
  uint32_t add_text(std::string text);
  uint32_t path_index();
  bool full() const { return program_.ops_.size() > kOpsMax; }

  static constexpr size_t kOpsMax = 1 << 19;
  DecodeProgram program_;
  SchemaMatch match_;
  std::string path_;
  std::map<std::string, uint32_t> path_indexes_, text_indexes_;
  std::map<std::pair<const Node*, const Node*>, uint32_t> routine_indexes_;
  struct Routine {
    const Node* writer;
    const Node* reader;  // nullptr: skip it
    std::string path;
    uint32_t begin = 0;
  };
  std::vector<Routine> routines_;
};

// Jumps to the code of the branch that the datum holds; each branch jumps behind them all.
template <class Branch>
void DecodeCompiler::emit_branches(const Node& writer, const Node* reader, Branch&& branch) {
  const auto count = static_cast<uint32_t>(writer.branches.size());
  const auto table = static_cast<uint32_t>(program_.targets_.size());
  program_.targets_.resize(table + count);
  add(Code::kUnion, kNoColumn, table, count);
  std::vector<uint32_t> jumps;
  for (uint32_t i = 0; i < count && !full(); ++i) {
    program_.targets_[table + i] = here();
    const Node& node = *writer.branches[i];
    if (reader != nullptr && !match_.resolves(node, *reader)) {
      add(Code::kUnresolvable, kNoColumn, add_text("the reader has no place for branch " + std::to_string(i) + " of the writer's union"));
      continue;
    }
    branch(node);
    jumps.push_back(add(Code::kJump));
  }
  for (const uint32_t jump : jumps) program_.ops_[jump].b = here();
}

template <class Body>
void DecodeCompiler::emit_loop(Code begin, Code next, uint32_t column, const Node& element, bool is_map, Body&& body) {
  const std::string outer = path_;
  path_ += "[]";
  const uint32_t start = add(begin, column);
  body();
  program_.ops_[start].b = add(next, column, start + 1, static_cast<uint32_t>(match_.least_bytes(element)) + (is_map ? 1 : 0));
  path_ = outer;
}

}  // namespace millrace::avro

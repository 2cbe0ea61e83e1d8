#pragma once
// One tenant's rules for one topic, compiled: programs, which rules of the same shape share, and what is this tenant's own. Immutable once
// made; a change of one tenant's set compiles that set alone.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columns/block.h"
#include "rules/kernels/program.h"
#include "rules/rule_set_check.h"

namespace millrace::pipeline {

// The columns that rules of a topic make, numbered once and for all of a process's life: programs name them by number. One that changes its
// type is another column.
class MadeColumns {
 public:
  uint32_t number_of(const columns::NamedType& column);
  const columns::NamedType& at(uint32_t number) const { return columns_[number]; }
  size_t size() const { return columns_.size(); }

 private:
  std::vector<columns::NamedType> columns_;
};

// An expression of a rule.
struct CompiledPart {
  std::shared_ptr<const rules::Program> program;
  rules::Parameters parameters;
  std::string text;               // for messages
  std::vector<uint32_t> columns;  // of the event that it reads, for messages
  std::vector<uint32_t> made;     // of MadeColumns that it reads
};

struct CompiledRule {
  rules::Stage stage{};
  rules::RuleKind kind{};
  uint32_t level = 0;
  int32_t event_column = -1;  // what it assigns: a column of the event,
  int32_t made_column = -1;   // or this one of MadeColumns
  bool clears = false;
  std::optional<CompiledPart> when, value, key, title;
  std::vector<std::pair<std::string, CompiledPart>> fields;
  std::string shape;  // rules of one shape differ in what follows, and in parameters
  std::string name, message, unit;
  double keep = 1;
  rules::Severity severity{};
  rules::Window window{};
};

struct CompiledTopic {
  std::vector<uint32_t> made;       // of MadeColumns
  std::vector<CompiledRule> rules;  // in the order of CheckedTopic::rules
  bool needs_key = false;
};

// Compiles for one topic and its reader schema. Keeps programs that are in use, by shape. One thread.
class RuleCompiler {
 public:
  // The error: a pattern or time zone that is none, with its rule.
  Result<CompiledTopic> compile(rules::CheckedTopic topic);
  const MadeColumns& made() const { return made_; }

 private:
  Result<CompiledPart> part(rules::Checked& checked, size_t event_columns, const std::vector<uint32_t>& made, const std::string& rule);

  MadeColumns made_;
  std::map<std::string, std::weak_ptr<const rules::Program>, std::less<>> programs_;
};

}  // namespace millrace::pipeline

#pragma once
// One topic's rules against one version of its schema: what rules/rule_set_check.h speaks of. Conditions, derived fields, alerts and meters are in
// topic_check.cc; what is delivered in topic_output.cc.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "rules/rule_set_check.h"

namespace millrace::rules {

class TopicCheck {
 public:
  // A derived field that would have another column with another version, and the type that holds both.
  using Widened = std::map<std::string, Type, std::less<>>;
  struct Derived {
    Position at;
    Type type;
  };

  TopicCheck(const TopicRules& rules, const TopicVersion& version, std::span<const ReferenceTable> tables, const Widened& widened);
  CheckedTopic run();  // once
  const FileDiagnostics& errors() const { return errors_; }
  const std::map<std::string, Derived>& derived() const { return derived_; }

 private:
  // What is delivered instead of a column's own value.
  struct Output {
    RuleKind kind = RuleKind::kSet;
    std::string field;
    Position at;
    std::string text;              // the expression: of the others
    std::optional<Checked> value;  // of set
    bool clears = false;
    std::string renamed_to;
  };

  // topic_check.cc
  void conditions();
  void enrich(const EnrichRule& rule);
  void set(const SetRule& rule);
  void derive(RuleKind kind, const PlacedText& field, std::optional<Checked> value, Position value_at);
  void alert(const AlertRule& rule);
  void meter(const MeterRule& rule);
  CheckedRule& add(Stage stage, RuleKind kind, std::string name, Position at);
  std::optional<Checked> checked(const Expression& expression, const Environment& environment, std::optional<TypeKind> wanted = std::nullopt);
  std::optional<Checked> one_of(const Expression& expression, const Environment& environment, const std::string& what, std::span<const TypeKind> kinds);
  std::optional<Checked> lowered(const std::string& text, Position at);
  std::vector<std::pair<Span, std::string>> not_yet_there(const Ast& ast) const;
  void error(Position at, std::string message) { errors_.push_back({at, std::move(message)}); }

  // topic_output.cc
  bool is_new(const PlacedText& field);  // may be a field's name, and isn't one
  int32_t column(std::string_view name) const;
  const Field* leaf(std::string_view name) const;
  bool is_record(std::string_view name) const;
  bool exists(const PlacedText& field, const std::string& what);
  void overwrite(const SetRule& rule, int32_t column);
  void rename(const RenameRule& rule);
  void remove(const PlacedText& field);
  void mask(const MaskRule& rule);
  void deliver();  // makes rules of the outputs
  std::string delivered(const PlacedText& field);
  Output* output(std::string_view field);
  bool is_free(const PlacedText& field, const char* what);

  const TopicRules& rules_;
  std::span<const ReferenceTable> tables_;
  const Widened& widened_;
  CheckedTopic topic_;
  std::vector<Field> leaves_;  // of the event, then the derived ones
  Environment event_, all_;    // the event's fields; those and what is derived so far
  std::map<int32_t, uint32_t> levels_;
  std::map<std::string, Derived> derived_;
  std::set<std::string, std::less<>> later_;  // what will be derived
  std::vector<Output> outputs_;
  FileDiagnostics errors_;
};

// The name of a field as an expression.
std::string as_expression(std::string_view field);

}  // namespace millrace::rules

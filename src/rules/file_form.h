#pragma once
// Takes a file's tree apart: each part has a form, and whatever doesn't have it is told, with its place; then reading goes on, so that
// everything is told at once.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/ast.h"
#include "rules/rule_file.h"

namespace millrace::rules {

// As it is written, and as a tree: unchecked. The text ends without spaces.
struct Expression {
  PlacedText text;
  Ast ast;
};

class FileForm {
 public:
  using Take = std::function<void(const FileNode&)>;
  enum class Need : uint8_t { kOptional, kRequired };
  struct Key {
    std::string_view name;
    Take take;
    Need need = Need::kOptional;
  };

  void error(Position at, std::string message);
  FileDiagnostics& errors() { return errors_; }

  // `what` begins the message: "an alert". Nothing is taken of a node of another kind.
  void map(const FileNode& node, const std::string& what, std::span<const Key> keys);
  // Keys are the user's names, each once.
  void entries(const FileNode& node, const std::string& what, const std::function<void(const PlacedText&, const FileNode&)>& take);
  void list(const FileNode& node, const std::string& what, const Take& take);

  // Not empty, on one line, at most so many bytes; what looks like a number or a bool is wanted in quotes.
  PlacedText text(const FileNode& node, const std::string& what, size_t bytes_max = 200);
  PlacedText name(const FileNode& node, const std::string& what);        // [a-z0-9_-]{1,64}
  PlacedText unit(const FileNode& node, const std::string& what);        // [A-Za-z0-9_-]{1,64}
  PlacedText field_name(const FileNode& node, const std::string& what);  // a.b
  bool is_field_name(const PlacedText& text, const std::string& what);
  std::optional<Expression> expression(const FileNode& node, const std::string& what);
  std::optional<double> number(const FileNode& node, const std::string& what);
  std::optional<uint32_t> whole_number(const FileNode& node, const std::string& what, uint32_t most);
  std::optional<bool> yes_or_no(const FileNode& node, const std::string& what);
  // The index among the words.
  std::optional<size_t> word(const FileNode& node, const std::string& what, std::span<const std::string_view> words);

 private:
  PlacedText of_letters(const FileNode& node, const std::string& what, bool capitals, const char* letters);
  FileDiagnostics errors_;
};

std::string list_of(std::span<const std::string_view> words);  // "info, warning, critical"
bool looks_like_text(const FileNode& node);                    // quoted, or no number, bool or null of YAML 1.2's core schema

}  // namespace millrace::rules

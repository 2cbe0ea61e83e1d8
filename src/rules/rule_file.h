#pragma once
// A YAML or JSON file as a tree in which every text knows its place, so that whatever is found wrong in it later, down to a byte of an
// expression, is told as file:line:column. Wraps yaml-cpp.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rules/diagnostic.h"

namespace millrace::rules {

struct FileDiagnostic {
  Position at;
  std::string message;
};
using FileDiagnostics = std::vector<FileDiagnostic>;
// One line each, in the order of the file: "rules/acme.yaml:12:17: order.created has no field 'amuont'; did you mean 'amount'?"
std::string to_string(FileDiagnostics diagnostics, std::string_view file);

// A text, and where its bytes stand: YAML folds lines, quotes and escapes, so the text has other bytes than the file.
struct PlacedText {
  struct Anchor {
    uint32_t byte;  // of the text; from here to the next anchor it stands in the file as it is
    Position at;
  };
  std::string value;
  std::vector<Anchor> anchors;  // the first one of byte 0; by byte

  Position at(uint32_t byte = 0) const;  // byte <= value.size()
  Origin origin() const { return {at().line, at().column, 0}; }
};

struct FileNode {
  enum class Kind : uint8_t {
    kNothing,  // a key without a value
    kText,     // numbers, true, false and null too: whoever asks knows what is wanted
    kList,
    kMap,
  };
  Kind kind = Kind::kNothing;
  bool quoted = false;  // "…", '…', | or >: a text whatever it looks like
  Position at;          // of a quoted text: its quote; of a block: its sign
  PlacedText text;
  std::vector<FileNode> parts;  // kList: the elements; kMap: key, value, key, value …, as they are written
};

struct FileLimits {
  size_t bytes_max = 512 << 10;
  uint32_t depth_max = 64;
};

// The one document of the file. Anchors, aliases and tags are refused: a short file can't stand for a long one. Whatever the input, time and
// memory grow with its size.
std::expected<FileNode, FileDiagnostic> read_rule_file(std::string_view bytes, const FileLimits& limits = {});

}  // namespace millrace::rules

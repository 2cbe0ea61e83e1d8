#pragma once
// What is wrong in an expression, where, and what would be right: for people. Errors of rules are values, all of one expression
// at once where one doesn't follow from another.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::rules {

// Bytes [begin, end) of the source text.
struct Span {
  uint32_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
};

struct Diagnostic {
  Span span;
  std::string message;
};
using Diagnostics = std::vector<Diagnostic>;

// Where the text of an expression begins in its file: its first character, and how many columns stand before each further line
// (the indentation of a YAML block).
struct Origin {
  uint32_t line = 1, column = 1, indent = 0;
};
struct Position {
  uint32_t line = 1, column = 1;  // from 1; columns count code points
  bool operator==(const Position&) const = default;
};
Position position_of(std::string_view source, uint32_t byte, const Origin& origin = {});

// "12:17: order.created has no field 'amuont'; did you mean 'amount'?"
std::string to_string(const Diagnostic& diagnostic, std::string_view source, const Origin& origin = {});
// One line each, in the order of their places.
std::string to_string(Diagnostics diagnostics, std::string_view source, const Origin& origin = {});

// "; did you mean 'amount'?" with the candidate that is nearest by letters added, lost, changed or swapped; "" if none is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string_view>& candidates);

// At most so many bytes of a text of the user's, for a message; cut between code points.
std::string excerpt(std::string_view text, size_t bytes_max = 40);

}  // namespace millrace::rules

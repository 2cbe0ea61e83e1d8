#pragma once
// Where in a YAML file each byte of a scalar stands: the scalar and its source are read side by side (YAML 1.2.2, chapters 7.3 and 8.1).

#include <string>
#include <string_view>
#include <vector>

#include "rules/rule_file.h"

namespace millrace::rules {

// The source must outlive it.
class TextPlaces {
 public:
  explicit TextPlaces(std::string_view source);
  Position position(size_t byte) const;

  // The scalar whose first byte (a quoted one's quote, a block's | or >) is `begin`. Where both don't run side by side as expected, what
  // follows is placed as if it stood there unchanged.
  PlacedText placed(size_t begin, bool quoted, const std::string& value) const;

 private:
  std::string_view source_;
  size_t points_before(size_t byte) const;
  std::vector<size_t> lines_;   // byte where each begins
  std::vector<size_t> points_;  // code points before byte 256 * i: a file may be one long line
};

}  // namespace millrace::rules

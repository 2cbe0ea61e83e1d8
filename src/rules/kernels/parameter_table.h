#pragma once
// The literals of every instance of a program: the same rule of many tenants is one program and one row of this table for each.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "rules/kernels/vector.h"

namespace millrace::rules {

// A literal lifted out of an expression. Its form is the program's; what isn't text is in `bits`.
struct Parameter {
  Form form = Form::kNothing;
  uint8_t scale = 0;
  Int128 bits = 0;  // bool, int, uint, duration, timestamp, decimal; a double's 64 bits
  std::string text;
  bool operator==(const Parameter&) const = default;
};
using Parameters = std::vector<Parameter>;

// Immutable while programs run over it; views of its texts stay valid until the instance is set again or the table is gone.
class ParameterTable {
 public:
  ParameterTable() = default;
  explicit ParameterTable(const Parameters& only, std::string_view key = {}) { add(only, key); }

  // The number of the new instance. All instances have parameters of the same forms. `key` is hmac's.
  uint32_t add(const Parameters& parameters, std::string_view key = {});
  void set(uint32_t instance, const Parameters& parameters, std::string_view key = {});
  uint32_t instances() const { return instances_; }

  // The parameter's values, one an instance.
  const void* values(size_t parameter) const { return columns_[parameter].values.data(); }
  size_t parameter_count() const { return columns_.size(); }
  // hmac's key, as SHA-256 states (digest_kernels.cc), one an instance.
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  struct Column {
    Form form = Form::kNothing;
    std::vector<std::byte> values;  // allocated by operator new: aligned for 16 bytes
    std::deque<std::string> texts;
  };
  std::vector<Column> columns_;
  std::vector<std::string> keys_;
  uint32_t instances_ = 0;
};

}  // namespace millrace::rules

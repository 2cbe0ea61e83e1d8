#pragma once
// Numbers from texts and back, as cel-spec's conversions have them; without allocations.

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::rules {

// As read_int, read_uint (rules/literal.h) with a sign before it: "-12", "0x1F".
std::optional<int64_t> parse_int(std::string_view text);
std::optional<uint64_t> parse_uint(std::string_view text);
std::optional<double> parse_double(std::string_view text);  // also "NaN", "Infinity", "-inf"
std::optional<bool> parse_bool(std::string_view text);      // "true" "True" "TRUE" "t" "T" "1" and likewise false

// The shortest digits that give the double back, with an exponent below 0.0001 and from 1e+06 on (Go's %g); "NaN", "+Inf", "-Inf". At most 32 bytes.
char* spell_number(double value, char* out);

bool is_utf8(std::string_view bytes);

}  // namespace millrace::rules

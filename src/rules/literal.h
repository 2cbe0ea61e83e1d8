#pragma once
// What a literal of CEL means, and how a value is written as one (cel-spec, langdef.md, "Numeric Values", "String and Bytes Values").

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "rules/diagnostic.h"

namespace millrace::rules {

// The value of a text or bytes token, quotes and prefix included. The error's span counts from the token's first byte.
std::expected<std::string, Diagnostic> read_quoted(std::string_view token);

// Digits, decimal or 0x…, with `-` before them if `negative`; no suffix. The error says the range.
std::expected<int64_t, std::string> read_int(std::string_view digits, bool negative);
std::expected<uint64_t, std::string> read_uint(std::string_view digits);
std::expected<double, std::string> read_double(std::string_view text);

// So that read_quoted gives `value` back.
std::string quote_string(std::string_view value);
std::string quote_bytes(std::string_view value);
// So that read_double gives `value` back; always with a point or an exponent. Finite values only.
std::string spell_double(double value);

void append_utf8(std::string& out, uint32_t code_point);

}  // namespace millrace::rules

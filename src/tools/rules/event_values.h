#pragma once
// Single values that people write, as Avro bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "avro/schema.h"
#include "rules/kernels/wide_integer.h"
#include "rules/rule_file.h"

namespace millrace::rules_tools {

bool is_null(const rules::FileNode& node);          // nothing, or null without quotes
std::string describe(const rules::FileNode& node);  // for messages: "a list", "12", "\"text\""

// Appends the value of a type that is no union, record, array or map. Returns what it should be ("is a whole number"); "" when it was appended.
std::string encode_value(const avro::Node& type, const rules::FileNode& value, std::string& out);
// 0, "", false, the first symbol, no elements.
void encode_zero(const avro::Node& type, std::string& out);

// Digits with a point: times 10^scale, of at most so many digits. Nothing if it isn't one or doesn't fit.
std::optional<rules::Int128> decimal_of(std::string_view text, uint32_t scale);

}  // namespace millrace::rules_tools

#pragma once
// Constants are worked out when a rule is checked, and what must fail on every row is refused there.

#include <optional>
#include <string>
#include <vector>

#include "rules/ast.h"
#include "rules/type.h"

namespace millrace::rules {

// If all operands of this operator or call are literals that mean themselves (their types are in `types`), the node becomes its value; what isn't
// worked out here stays. The text is what is wrong: an overflow, a division by zero, a text that is no duration, timestamp, number.
std::optional<std::string> fold(Ast& ast, const std::vector<Type>& types, NodeId id);

// Nanoseconds of "1h30m", "-1.5s", "250ms" (units h m s ms us ns, as Go's time.ParseDuration); nothing if it isn't one or needs more than 64 bits.
std::optional<int64_t> parse_duration(std::string_view text);
// RFC 3339, as protobuf's Timestamp has it: "2026-01-31T23:59:59.123Z", "…+01:00"; the years 1 to 9999.
bool is_timestamp(std::string_view text);

}  // namespace millrace::rules

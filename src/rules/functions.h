#pragma once
// The table of functions and operators: what takes what, and gives what. Whoever runs a checked tree goes by Overload::id.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/type.h"

namespace millrace::rules {

struct Overload {
  std::string_view id;     // "size_string", "add_decimal": unique; CEL's where it has one
  std::string_view name;   // "size", "+"
  char style;              // 'f' f(x), 'm' x.f(), 'b' both, 'o' operator
  std::string_view takes;  // "string, int": types; T, K, V stand for any, the same each time. The receiver comes first
  std::string_view gives;  // likewise; "decimal" is worked out from the operands (decimal_rules.h)
  int literal = -1;        // the argument that must be a literal, -1 for none
};

std::span<const Overload> overloads();
std::span<const Overload> overloads_of(std::string_view name);  // neighbours in the table; empty if there are none
std::vector<std::string_view> function_names();                 // macros and special forms included, operators not

// Why a function of CEL, or one that people look for, isn't there: "" if nothing is known of it.
std::string_view refusal(std::string_view function);

// What an overload gives for these arguments, nothing if it doesn't take them. A nullable argument fits nowhere but inside lists and maps.
std::optional<Type> match(const Overload& overload, std::span<const Type> arguments);

std::string describe(const Overload& overload);  // "string.startsWith(string)", "size(string)", "int + int"

}  // namespace millrace::rules

#pragma once
// Static types for a tree: afterwards no value of a wrong type, and no null, can reach an operator; what may still fail on a row is told in
// docs/rules.md ("What fails a row").

#include <expected>
#include <optional>
#include <vector>

#include "rules/ast.h"
#include "rules/environment.h"
#include "rules/functions.h"

namespace millrace::rules {

// What stands behind a node, by its kind.
struct Resolution {
  const Overload* overload = nullptr;  // kOperator, kCall, kMethod: nothing for && || ?: == != in, lookup and orValue
  int32_t column = -1;                 // kName, kSelect, kHas: of the block, or of the reference table if that is a lookup's field
  uint32_t variable = 0;               // kName: of which comprehension (its node + 1); 0 is a field
  int32_t table = -1;                  // kCall of lookup: index in Environment::tables
};

// Constants are folded: a node whose operands were literals is one itself. A number's literal whose type is decimal stands beside a decimal
// and means just its digits.
//
// Who evaluates it: `a && b` guards b, but CEL's && also takes `b` into account where `a` failed, so null may reach b's operators on rows
// where a failed; they must fail there too, not misbehave. Likewise || and ?:.
struct Checked {
  Ast ast;
  std::vector<Type> types;           // by node
  std::vector<Resolution> resolved;  // by node
  const Type& type() const { return types[ast.root()]; }
};

struct CheckOptions {
  std::optional<TypeKind> wanted;   // what the whole must be, never null: kBool for a condition
  uint32_t comprehensions_max = 3;  // inside each other: each multiplies the cost by the length of a list
  uint32_t errors_max = 20;
};

std::expected<Checked, Diagnostics> check(Ast ast, const Environment& environment, const CheckOptions& options = {});

}  // namespace millrace::rules

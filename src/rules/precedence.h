#pragma once
// Which tokens stand between two operands, and how tightly they bind (cel-spec, langdef.md, "Syntax").

#include "rules/ast.h"
#include "rules/lexer.h"

namespace millrace::rules {

struct BinaryOperator {
  Operator op = Operator::kNone;
  int precedence = 0;  // 1 binds least; 0: no such operator
};
BinaryOperator binary_operator(TokenKind kind);

}  // namespace millrace::rules

#include "rules/precedence.h"

namespace millrace::rules {

BinaryOperator binary_operator(TokenKind kind) {
  using enum TokenKind;
  switch (kind) {
    case kOr: return {Operator::kOr, 1};
    case kAnd: return {Operator::kAnd, 2};
    case kEqual: return {Operator::kEqual, 3};
    case kNotEqual: return {Operator::kNotEqual, 3};
    case kLess: return {Operator::kLess, 3};
    case kLessEqual: return {Operator::kLessEqual, 3};
    case kGreater: return {Operator::kGreater, 3};
    case kGreaterEqual: return {Operator::kGreaterEqual, 3};
    case kIn: return {Operator::kIn, 3};
    case kPlus: return {Operator::kAdd, 4};
    case kMinus: return {Operator::kSubtract, 4};
    case kStar: return {Operator::kMultiply, 5};
    case kSlash: return {Operator::kDivide, 5};
    case kPercent: return {Operator::kModulo, 5};
    default: return {};
  }
}

}  // namespace millrace::rules

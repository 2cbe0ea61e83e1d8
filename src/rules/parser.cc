#include "rules/parser.h"

#include <vector>

#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/precedence.h"

namespace millrace::rules {
namespace {

using enum TokenKind;

class Parser {
 public:
  Parser(std::string_view source, const ParseLimits& limits) : lexer_(source), limits_(limits) {}

  std::expected<Ast, Diagnostics> run() {
    advance();
    const NodeId root = expression();
    if (!failed_ && token_.kind != kEnd) unexpected_token("an operator or the end");
    if (failed_) return std::unexpected(Diagnostics{error_});
    ast_.set_root(root);
    return std::move(ast_);
  }

 private:
  // --- tokens and errors
  void advance() {
    if (failed_) return;
    end_ = token_.span.end;
    token_ = lexer_.next();
    if (token_.kind == kError) fail(lexer_.error().span, lexer_.error().message);
  }
  // The first error stays; the parser sees the end of the source from here on, so that every loop ends.
  NodeId fail(Span span, std::string message) {
    if (!failed_) error_ = {span, std::move(message)}, failed_ = true;
    token_ = {kEnd, {span.end, span.end}};
    return kNoNode;
  }
  NodeId unexpected_token(const std::string& wanted) {
    if (token_.kind == kEnd) return fail(token_.span, "the expression ends where " + wanted + " should follow");
    return fail(token_.span, "'" + excerpt(lexer_.text(token_)) + "' stands where " + wanted + " should be" + hint());
  }
  std::string hint() const {
    const std::string_view word = lexer_.text(token_);
    if (token_.kind == kReserved) return ": it is a reserved word; a field of this name is written with a dot before it, ." + std::string(word);
    if (word == "and") return "; 'and' is '&&'";
    if (word == "or") return "; 'or' is '||'";
    if (word == "not") return "; 'not' is '!'";
    return "";
  }
  bool take(TokenKind kind) { return token_.kind == kind && (advance(), true); }
  bool expect(TokenKind kind, const char* wanted) { return take(kind) || (unexpected_token(wanted), false); }

  NodeId add(Node node, std::string_view text = "", const std::vector<NodeId>& children = {}) {
    if (failed_) return kNoNode;
    if (ast_.size() >= limits_.nodes_max)
      return fail(node.span, "the expression has more than " + std::to_string(limits_.nodes_max) + " parts: split the rule");
    const NodeId id = ast_.add(node, text, children);
    return ast_.node(id).depth > limits_.depth_max ? too_deep(node.span) : id;
  }
  NodeId too_deep(Span span) { return fail(span, "the expression is nested more than " + std::to_string(limits_.depth_max) + " levels deep: split the rule"); }
  Span from(uint32_t begin) const { return {begin, end_}; }
  Span span_of(NodeId id) const { return failed_ ? Span{} : ast_.node(id).span; }
  NodeId add_operator(Operator op, Span name, Span span, const std::vector<NodeId>& operands) {
    return add({.kind = NodeKind::kOperator, .op = op, .span = span, .name = name}, "", operands);
  }

  // --- the grammar
  NodeId expression() {
    if (depth_ >= limits_.depth_max) return too_deep(token_.span);
    ++depth_;
    const uint32_t begin = token_.span.begin;
    NodeId result = binary(1);
    if (const Span mark = token_.span; take(kQuestion)) {
      const NodeId yes = binary(1);
      expect(kColon, "':' and the other value");
      const NodeId no = failed_ ? kNoNode : expression();
      result = add_operator(Operator::kConditional, mark, from(begin), {result, yes, no});
    }
    --depth_;
    return result;
  }

  NodeId binary(int least) {
    NodeId left = unary();
    while (!failed_) {
      const auto [op, precedence] = binary_operator(token_.kind);
      if (op == Operator::kNone || precedence < least) break;
      const TokenKind kind = token_.kind;
      const Span name = token_.span;
      std::vector<NodeId> operands{left};
      do advance(), operands.push_back(binary(precedence + 1));
      while (!failed_ && token_.kind == kind && (kind == kOr || kind == kAnd));
      left = add_operator(op, name, from(failed_ ? 0 : span_of(operands[0]).begin), operands);
    }
    return left;
  }

  NodeId unary() {
    if (token_.kind != kNot && token_.kind != kMinus) return member(false);
    const Token first = token_;
    std::vector<Span> marks;
    while (token_.kind == first.kind) marks.push_back(token_.span), advance();
    // The last minus before a number belongs to it, so that the smallest int can be written.
    const bool negative = first.kind == kMinus && (token_.kind == kInt || token_.kind == kDouble);
    const Span sign = marks.back();
    if (negative) marks.pop_back();
    if (marks.size() > limits_.depth_max) return too_deep(marks[0]);
    if (!failed_ && (token_.kind == kNot || token_.kind == kMinus)) return fail(token_.span, "'!' and '-' don't mix: put the inner one in parentheses");
    NodeId operand = member(negative, sign.begin);
    for (; !marks.empty(); marks.pop_back()) {
      operand = add_operator(first.kind == kNot ? Operator::kNot : Operator::kNegate, marks.back(), from(marks.back().begin), {operand});
    }
    return operand;
  }

  NodeId member(bool negative, uint32_t sign = 0) {
    const uint32_t begin = negative ? sign : token_.span.begin;
    NodeId result = primary(negative, begin);
    while (!failed_) {
      if (take(kDot)) {
        if (token_.kind == kQuestion) return fail(token_.span, "optional fields (a.?b) aren't supported: write has(a.b) ? a.b : …, or a.b.orValue(…)");
        if (token_.kind != kName && token_.kind != kReserved) return unexpected_token("the name of a field or function");
        const Token name = token_;
        advance();
        result = token_.kind == kOpenParen ? method(result, name, begin)
                                           : add({.kind = NodeKind::kSelect, .span = from(begin), .name = name.span}, lexer_.text(name), {result});
      } else if (const Span mark = token_.span; take(kOpenBracket)) {
        if (token_.kind == kQuestion) return fail(token_.span, "optional elements (a[?i]) aren't supported: ask for the key with 'in' first");
        const NodeId index = expression();
        expect(kCloseBracket, "']'");
        result = add_operator(Operator::kIndex, mark, from(begin), {result, index});
      } else if (token_.kind == kOpenBrace) {
        return fail(token_.span, "messages (Name{field: value}) aren't supported: a map is written {'key': value}");
      } else {
        break;
      }
    }
    return result;
  }

  NodeId primary(bool negative, uint32_t begin) {
    const Token token = token_;
    switch (token.kind) {
      case kOpenParen: {
        advance();
        const NodeId inner = expression();
        expect(kCloseParen, "')'");
        return inner;
      }
      case kOpenBracket: {
        advance();
        const auto elements = expressions(kCloseBracket, "',' or ']'");
        return add({.kind = NodeKind::kList, .span = from(begin), .name = token.span}, "", elements);
      }
      case kOpenBrace: return map(begin);
      case kDot: {
        advance();
        if (token_.kind != kName && token_.kind != kReserved) return unexpected_token("a name");
        const Token name = token_;
        advance();
        if (token_.kind == kOpenParen && name.kind == kReserved)
          return fail(name.span, "there is no function '" + std::string(lexer_.text(name)) + "': it is a reserved word");
        if (token_.kind == kOpenParen) return call(name, begin);
        return add({.kind = NodeKind::kName, .span = from(begin), .name = name.span}, "." + std::string(lexer_.text(name)));
      }
      case kName:
        advance();
        if (token_.kind == kOpenParen) return call(token, begin);
        return add({.kind = NodeKind::kName, .span = token.span, .name = token.span}, lexer_.text(token));
      default: return literal(token, negative, begin);
    }
  }

  NodeId literal(const Token& token, bool negative, uint32_t begin) {
    const std::string_view text = lexer_.text(token);
    Node node{.span = {begin, token.span.end}, .name = token.span};
    std::string value;
    const auto number = [&](auto result, NodeKind kind) {
      node.kind = kind;
      if (result)
        node.bits = std::bit_cast<uint64_t>(*result);
      else
        fail(node.span, "'" + excerpt(text) + "' is out of range: " + result.error());
    };
    switch (token.kind) {
      case kNull: node.kind = NodeKind::kNull; break;
      case kTrue:
      case kFalse: node.kind = NodeKind::kBool, node.bits = token.kind == kTrue; break;
      case kInt: number(read_int(text, negative), NodeKind::kInt); break;
      case kUint: number(read_uint(text.substr(0, text.size() - 1)), NodeKind::kUint); break;
      case kDouble: value = (negative ? "-" : "") + std::string(text), number(read_double(value), NodeKind::kDouble); break;
      case kString:
      case kBytes: {
        auto read = read_quoted(text);
        if (!read) return fail({token.span.begin + read.error().span.begin, token.span.begin + read.error().span.end}, read.error().message);
        node.kind = token.kind == kString ? NodeKind::kString : NodeKind::kBytes, value = std::move(*read);
        break;
      }
      default: return unexpected_token("a value");
    }
    advance();
    return add(node, value);
  }

  NodeId map(uint32_t begin) {
    const Span mark = token_.span;
    std::vector<NodeId> entries;
    advance();
    while (!failed_ && token_.kind != kCloseBrace) {
      entries.push_back(expression());
      expect(kColon, "':' and the key's value");
      entries.push_back(failed_ ? kNoNode : expression());
      if (!take(kComma)) break;
    }
    expect(kCloseBrace, "',' or '}'");
    return add({.kind = NodeKind::kMap, .span = from(begin), .name = mark}, "", entries);
  }

  // Up to the closing mark; a comma may stand before it.
  std::vector<NodeId> expressions(TokenKind close, const char* wanted) {
    std::vector<NodeId> all;
    while (!failed_ && token_.kind != close) {
      all.push_back(expression());
      if (!take(kComma)) break;
    }
    expect(close, wanted);
    return all;
  }

  NodeId call(const Token& name, uint32_t begin) {
    advance();
    const auto arguments = expressions(kCloseParen, "',' or ')'");
    if (failed_) return kNoNode;
    if (lexer_.text(name) == "has") return has(arguments, name.span, begin);
    return add({.kind = NodeKind::kCall, .span = from(begin), .name = name.span}, lexer_.text(name), arguments);
  }
  NodeId has(const std::vector<NodeId>& arguments, Span name, uint32_t begin) {
    if (arguments.size() != 1) return fail(name, "has() takes one field: has(order.amount)");
    const Node field = ast_.node(arguments[0]);
    const std::string text(ast_.text(arguments[0]));
    const Node node{.kind = NodeKind::kHas, .span = from(begin), .name = field.name};
    if (field.kind == NodeKind::kSelect) return add(node, text, {ast_.child(arguments[0], 0)});
    if (field.kind == NodeKind::kName) return add(node, text);
    return fail(field.span, "has() takes a field: has(order.amount); whether a key is in a map says 'key' in map");
  }

  NodeId method(NodeId receiver, const Token& name, uint32_t begin) {
    advance();
    const auto arguments = expressions(kCloseParen, "',' or ')'");
    if (failed_) return kNoNode;
    for (const Macro macro : {Macro::kAll, Macro::kExists, Macro::kExistsOne, Macro::kMap, Macro::kFilter}) {
      if (lexer_.text(name) == rules::name(macro)) return comprehension(macro, receiver, arguments, name.span, begin);
    }
    std::vector<NodeId> children{receiver};
    children.insert(children.end(), arguments.begin(), arguments.end());
    return add({.kind = NodeKind::kMethod, .span = from(begin), .name = name.span}, lexer_.text(name), children);
  }
  NodeId comprehension(Macro macro, NodeId range, const std::vector<NodeId>& arguments, Span name, uint32_t begin) {
    const std::string word(rules::name(macro));
    if (arguments.size() != 2 && !(macro == Macro::kMap && arguments.size() == 3)) {
      return fail(name, word + (macro == Macro::kMap ? "() takes a variable, perhaps a filter, and an expression: list.map(x, x > 0, x * 2)"
                                                     : "() takes a variable and a condition: list." + word + "(x, x > 0)"));
    }
    const Node variable = ast_.node(arguments[0]);
    const std::string text(ast_.text(arguments[0]));
    if (variable.kind != NodeKind::kName || text.starts_with('.'))
      return fail(variable.span, "the first argument of " + word + "() is the name of its variable: list." + word + "(x, …)");
    std::vector<NodeId> children{range};
    children.insert(children.end(), arguments.begin() + 1, arguments.end());
    return add({.kind = NodeKind::kComprehension, .macro = macro, .span = from(begin), .name = variable.span}, text, children);
  }

  Lexer lexer_;
  const ParseLimits& limits_;
  Ast ast_;
  Token token_;
  uint32_t end_ = 0;  // of the token before
  uint32_t depth_ = 0;
  bool failed_ = false;
  Diagnostic error_;
};

}  // namespace

std::expected<Ast, Diagnostics> parse(std::string_view source, const ParseLimits& limits) {
  if (source.size() > limits.source_bytes_max) {
    return std::unexpected(
        Diagnostics{{{}, "the expression has " + std::to_string(source.size()) + " bytes; at most " + std::to_string(limits.source_bytes_max) + " are read"}});
  }
  if (const int64_t at = invalid_utf8(source); at >= 0) {
    return std::unexpected(Diagnostics{{{static_cast<uint32_t>(at), static_cast<uint32_t>(at + 1)}, "this is no UTF-8: a byte in a literal is written \\xFF"}});
  }
  return Parser(source, limits).run();
}

}  // namespace millrace::rules

#pragma once
// Tokens of CEL (cel-spec, langdef.md, "Syntax"). Literals are left as they are written: rules/literal.h reads them.

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/diagnostic.h"

namespace millrace::rules {

enum class TokenKind : uint8_t {
  kEnd,
  kError,
  kName,
  kReserved,
  kTrue,
  kFalse,
  kNull,
  kIn,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kQuestion,
  kColon,
  kComma,
  kDot,
  kOpenParen,
  kCloseParen,
  kOpenBracket,
  kCloseBracket,
  kOpenBrace,
  kCloseBrace,
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kNot,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

// Looks at each byte a bounded number of times; the source must outlive it.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Token next();  // kEnd at the end, again and again; kError: error() says why, and nothing follows
  const Diagnostic& error() const { return error_; }
  std::string_view text(const Token& token) const { return source_.substr(token.span.begin, token.span.end - token.span.begin); }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  void skip_space_and_comments();
  Token token(TokenKind kind, size_t begin) const { return {kind, {static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)}}; }
  Token fail(size_t begin, std::string message);
  Token number();
  Token name_or_prefixed_text();
  Token quoted(size_t begin, TokenKind kind, bool raw);
  Token punctuation();

  std::string_view source_;
  size_t at_ = 0;
  Diagnostic error_;
};

// The source as a whole: -1 if it is valid UTF-8, else the first byte that isn't.
int64_t invalid_utf8(std::string_view text);

}  // namespace millrace::rules

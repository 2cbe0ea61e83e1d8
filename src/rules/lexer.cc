#include "rules/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::rules {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return begins_name(c) || is_digit(c); }

constexpr std::array<std::string_view, 17> kReservedWords = {"as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
                                                             "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

TokenKind kind_of_name(std::string_view name) {
  if (name == "true") return TokenKind::kTrue;
  if (name == "false") return TokenKind::kFalse;
  if (name == "null") return TokenKind::kNull;
  if (name == "in") return TokenKind::kIn;
  return std::find(kReservedWords.begin(), kReservedWords.end(), name) != kReservedWords.end() ? TokenKind::kReserved : TokenKind::kName;
}

}  // namespace

Token Lexer::fail(size_t begin, std::string message) {
  const size_t end = std::min(source_.size(), std::max(at_, begin + 1));
  error_ = {{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, std::move(message)};
  at_ = source_.size();
  return {TokenKind::kError, error_.span};
}

void Lexer::skip_space_and_comments() {
  for (;;) {
    while (at_ < source_.size() && std::string_view(" \t\r\n\f").find(source_[at_]) != std::string_view::npos) ++at_;
    if (peek() != '/' || peek(1) != '/') return;
    at_ = std::min(source_.find('\n', at_), source_.size());
  }
}

Token Lexer::next() {
  skip_space_and_comments();
  if (at_ >= source_.size()) return token(TokenKind::kEnd, at_);
  const char c = peek();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (begins_name(c)) return name_or_prefixed_text();
  if (c == '"' || c == '\'') return quoted(at_, TokenKind::kString, false);
  return punctuation();
}

Token Lexer::number() {
  const size_t begin = at_;
  TokenKind kind = TokenKind::kInt;
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    at_ += 2;
    if (!is_hex(peek())) return fail(begin, "a hexadecimal number has no digits: 0x1F");
    while (is_hex(peek())) ++at_;
  } else {
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      kind = TokenKind::kDouble, ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      kind = TokenKind::kDouble, ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!is_digit(peek())) return fail(begin, "the exponent of a number has no digits: 1e6");
      while (is_digit(peek())) ++at_;
    }
  }
  if (kind == TokenKind::kInt && (peek() == 'u' || peek() == 'U')) kind = TokenKind::kUint, ++at_;
  if (!in_name(peek())) return token(kind, begin);
  ++at_;
  return fail(begin, "a number runs into a name: put a space or an operator between them");
}

Token Lexer::name_or_prefixed_text() {
  const size_t begin = at_;
  while (in_name(peek())) ++at_;
  const std::string_view name = source_.substr(begin, at_ - begin);
  if ((peek() == '"' || peek() == '\'') && name.size() <= 2) {
    const auto has = [&](char lower, char upper) { return name.find(lower) != name.npos || name.find(upper) != name.npos; };
    const bool bytes = has('b', 'B'), raw = has('r', 'R');
    const bool in_order = name.size() == 1 || (name[0] | 0x20) == 'b';  // br'…', not rb'…'
    if (in_order && size_t{bytes} + size_t{raw} == name.size()) return quoted(begin, bytes ? TokenKind::kBytes : TokenKind::kString, raw);
  }
  return token(kind_of_name(name), begin);
}

Token Lexer::quoted(size_t begin, TokenKind kind, bool raw) {
  const char quote = peek();
  const bool triple = peek(1) == quote && peek(2) == quote;
  at_ += triple ? 3 : 1;
  for (; at_ < source_.size(); ++at_) {
    const char c = source_[at_];
    if (c == '\\' && !raw) {
      ++at_;  // what it escapes ends nothing; rules/literal.h says whether it may stand there
    } else if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
      at_ += triple ? 3 : 1;
      return token(kind, begin);
    }
    if (!triple && at_ < source_.size() && (source_[at_] == '\n' || source_[at_] == '\r')) break;
  }
  at_ = begin + 1;
  return fail(begin, triple ? "a text that begins here has no closing quotes"
                            : "a text that begins here isn't closed on its line; over several lines write it in three quotes");
}

Token Lexer::punctuation() {
  static constexpr std::pair<std::string_view, TokenKind> kMarks[] = {
      {"||", TokenKind::kOr},        {"&&", TokenKind::kAnd},          {"==", TokenKind::kEqual},      {"!=", TokenKind::kNotEqual},
      {"<=", TokenKind::kLessEqual}, {">=", TokenKind::kGreaterEqual}, {"<", TokenKind::kLess},        {">", TokenKind::kGreater},
      {"?", TokenKind::kQuestion},   {":", TokenKind::kColon},         {",", TokenKind::kComma},       {".", TokenKind::kDot},
      {"(", TokenKind::kOpenParen},  {")", TokenKind::kCloseParen},    {"[", TokenKind::kOpenBracket}, {"]", TokenKind::kCloseBracket},
      {"{", TokenKind::kOpenBrace},  {"}", TokenKind::kCloseBrace},    {"+", TokenKind::kPlus},        {"-", TokenKind::kMinus},
      {"*", TokenKind::kStar},       {"/", TokenKind::kSlash},         {"%", TokenKind::kPercent},     {"!", TokenKind::kNot}};
  const std::string_view rest = source_.substr(at_);
  const size_t begin = at_;
  for (const auto& [mark, kind] : kMarks) {
    if (!rest.starts_with(mark)) continue;
    at_ += mark.size();
    return token(kind, begin);
  }
  switch (rest[0]) {
    case '=': return fail(begin, "'=' assigns, which rules don't: equality is '=='");
    case '&': return fail(begin, "'&' is no operator: 'and' is '&&'");
    case '|': return fail(begin, "'|' is no operator: 'or' is '||'");
    case '`': return fail(begin, "names in backquotes aren't supported: a field of Avro needs none");
    case '#': return fail(begin, "'#' begins no comment: that is '//'");
    default: break;
  }
  while (at_ + 1 < source_.size() && (static_cast<unsigned char>(source_[at_ + 1]) & 0xC0) == 0x80) ++at_;
  ++at_;
  const bool visible = static_cast<unsigned char>(rest[0]) > 0x20 && rest[0] != 0x7F;
  return fail(begin, visible ? "'" + std::string(source_.substr(begin, at_ - begin)) +
                                   "' has no meaning here: outside of quotes there are ASCII names, numbers and operators"
                             : "a control character has no meaning here");
}

int64_t invalid_utf8(std::string_view text) {  // Unicode 15, table 3-7
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  for (size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const size_t more = lead < 0x80 ? 0 : lead >= 0xC2 && lead <= 0xDF ? 1 : (lead & 0xF0) == 0xE0 ? 2 : lead >= 0xF0 && lead <= 0xF4 ? 3 : 9;
    if (more == 9) return static_cast<int64_t>(i);
    if (more > 0) {
      const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      if (byte(i + 1) < low || byte(i + 1) > high) return static_cast<int64_t>(i);
    }
    for (size_t k = 2; k <= more; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return static_cast<int64_t>(i);
    }
    i += more + 1;
  }
  return -1;
}

}  // namespace millrace::rules

#include "services/clickhouse_embedded/statement.h"

#include <algorithm>
#include <cctype>

namespace millrace::clickhouse_embedded {
namespace {

bool word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool is(std::string_view word, std::string_view keyword) {
  return std::ranges::equal(word, keyword, [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
}

// Words and single signs outside of quotes and comments.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  size_t position() const { return at_; }

  std::string_view next() {  // empty at the end
    skip_blank();
    if (at_ >= text_.size()) return {};
    const size_t from = at_;
    const char c = text_[at_];
    if (c == '\'' || c == '`' || c == '"') {
      for (++at_; at_ < text_.size() && text_[at_] != c; ++at_)
        if (text_[at_] == '\\') ++at_;
      at_ = std::min(at_ + 1, text_.size());
    } else if (word_char(c)) {
      while (at_ < text_.size() && word_char(text_[at_])) ++at_;
    } else {
      ++at_;
    }
    return text_.substr(from, at_ - from);
  }

 private:
  void skip_blank() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_.substr(at_).starts_with("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("/*")) {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == text_.npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }
  std::string_view text_;
  size_t at_ = 0;
};

// After FORMAT name: blanks up to and with the first line end belong to the statement, the rest is data.
std::string_view data_after(std::string_view rest) {
  size_t at = 0;
  while (at < rest.size() && (rest[at] == ' ' || rest[at] == '\t' || rest[at] == '\r')) ++at;
  if (at < rest.size() && rest[at] == '\n') ++at;
  return rest.substr(at);
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

Statement parse_statement(std::string_view text) {
  Statement statement{.text = text, .format = {}, .data = {}};
  Lexer lexer(text);
  std::string_view word = lexer.next();
  int depth = 0;
  for (; word == "("; word = lexer.next()) ++depth;
  for (const char* read : {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"})
    if (is(word, read)) statement.kind = Statement::Kind::kRead;
  statement.streams = is(word, "SELECT") || is(word, "WITH");
  const bool insert = is(word, "INSERT");
  if (insert) statement.kind = Statement::Kind::kInsertData;
  // WITH … INSERT INTO … SELECT is a write too.
  std::string_view before;
  while (true) {
    word = lexer.next();
    if (word.empty()) return statement;
    const auto from = static_cast<size_t>(word.data() - text.data());
    if (word == "(") ++depth;
    if (word == ")") --depth;
    if (depth == 0 && before != ".") {
      if (is(word, "FORMAT")) {
        statement.format = lexer.next();
        if (insert) {
          statement.text = trim_end(text.substr(0, from));
          statement.data = data_after(text.substr(lexer.position()));
          return statement;
        }
      } else if (insert && is(word, "VALUES")) {
        statement.text = trim_end(text.substr(0, from));
        statement.format = "Values";
        statement.data = text.substr(lexer.position());
        return statement;
      } else if (insert && (is(word, "SELECT") || is(word, "WITH"))) {
        statement.kind = Statement::Kind::kOther;
        return statement;
      } else if (is(word, "INSERT")) {
        statement.kind = Statement::Kind::kOther;
        statement.streams = false;
      }
    }
    before = word;
  }
}

}  // namespace millrace::clickhouse_embedded

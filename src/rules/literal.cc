#include "rules/literal.h"

#include <charconv>

namespace millrace::rules {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

class QuotedReader {
 public:
  QuotedReader(std::string_view body, uint32_t begin, bool bytes) : body_(body), begin_(begin), bytes_(bytes) {}

  std::expected<std::string, Diagnostic> run() {
    while (at_ < body_.size()) {
      if (body_[at_] != '\\')
        out_ += body_[at_++];
      else if (!escape())
        return std::unexpected(Diagnostic{{begin_ + escape_, begin_ + static_cast<uint32_t>(at_)}, why_});
    }
    return std::move(out_);
  }

 private:
  bool fail(std::string why) { return why_ = std::move(why), at_ = std::min(at_, body_.size()), false; }
  // So many hexadecimal digits; -1 if they aren't there.
  int64_t hex(size_t count) {
    int64_t value = 0;
    for (size_t i = 0; i < count; ++i, ++at_) {
      const int digit = at_ < body_.size() ? hex_value(body_[at_]) : -1;
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  }
  bool unicode(size_t digits) {
    if (bytes_) return fail("\\u and \\U aren't for bytes: write \\xFF for a byte, or the character itself for its UTF-8");
    int64_t code = hex(digits);
    if (code < 0) return fail(digits == 4 ? "\\u takes 4 hexadecimal digits" : "\\U takes 8 hexadecimal digits");
    if (code >= 0xD800 && code < 0xDC00 && digits == 4 && body_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const int64_t low = hex(4);
      if (low < 0xDC00 || low > 0xDFFF) return fail("the first half of a surrogate pair lacks its second half");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) return fail("half of a surrogate pair is no character");
    if (code > 0x10FFFF) return fail("there is no character above \\U0010FFFF");
    append_utf8(out_, static_cast<uint32_t>(code));
    return true;
  }
  void put(uint32_t value) {
    if (bytes_)
      out_ += static_cast<char>(value);
    else
      append_utf8(out_, value);
  }
  bool escape() {
    escape_ = static_cast<uint32_t>(at_++);
    const char c = at_ < body_.size() ? body_[at_++] : '\0';
    static constexpr std::string_view kFrom = "abfnrtv", kTo = "\a\b\f\n\r\t\v";
    if (const size_t i = kFrom.find(c); i != kFrom.npos && c != '\0') return out_ += kTo[i], true;
    if (c != '\0' && std::string_view("\\?\"'`").find(c) != std::string_view::npos) return out_ += c, true;
    if (c == 'x' || c == 'X') {
      const int64_t value = hex(2);
      if (value < 0) return fail("\\x takes 2 hexadecimal digits");
      return put(static_cast<uint32_t>(value)), true;
    }
    if (c == 'u') return unicode(4);
    if (c == 'U') return unicode(8);
    if (c >= '0' && c <= '3' && at_ + 2 <= body_.size()) {
      const char d = body_[at_], e = body_[at_ + 1];
      if (d >= '0' && d <= '7' && e >= '0' && e <= '7') return at_ += 2, put(static_cast<uint32_t>((c - '0') * 64 + (d - '0') * 8 + (e - '0'))), true;
    }
    if (c >= '0' && c <= '9') return fail("an octal escape takes 3 digits, \\000 to \\377");
    return fail("unknown escape; a backslash itself is \\\\, or write the text raw: r'…'");
  }

  std::string_view body_;
  uint32_t begin_, escape_ = 0;
  bool bytes_;
  size_t at_ = 0;
  std::string out_, why_;
};

std::string quote(std::string_view value, std::string_view prefix, bool bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(prefix);
  out += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20 || byte == 0x7F || (bytes && byte >= 0x80))
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    else
      out += c;
  }
  return out + '"';
}

template <class T>
bool read_whole(std::string_view digits, T& value) {
  const bool negative = digits.starts_with('-');
  const std::string_view plain = digits.substr(negative ? 1 : 0);
  const bool hexadecimal = plain.starts_with("0x") || plain.starts_with("0X");
  const std::string text = (negative ? "-" : "") + std::string(plain.substr(hexadecimal ? 2 : 0));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::expected<std::string, Diagnostic> read_quoted(std::string_view token) {
  bool bytes = false, raw = false;
  size_t begin = 0;
  for (; token[begin] != '"' && token[begin] != '\''; ++begin) ((token[begin] | 0x20) == 'b' ? bytes : raw) = true;
  const std::string_view quoted = token.substr(begin);
  const size_t quotes = quoted.size() >= 6 && quoted[1] == quoted[0] && quoted[2] == quoted[0] ? 3 : 1;
  const std::string_view body = quoted.substr(quotes, quoted.size() - 2 * quotes);
  if (raw) return std::string(body);
  return QuotedReader(body, static_cast<uint32_t>(begin + quotes), bytes).run();
}

std::expected<int64_t, std::string> read_int(std::string_view digits, bool negative) {
  int64_t value = 0;
  if (read_whole((negative ? "-" : "") + std::string(digits), value)) return value;
  return std::unexpected("an int has 64 bits: from -9223372036854775808 to 9223372036854775807; up to 18446744073709551615 as a uint (1u)");
}
std::expected<uint64_t, std::string> read_uint(std::string_view digits) {
  uint64_t value = 0;
  if (read_whole(digits, value)) return value;
  return std::unexpected("a uint has 64 bits: from 0u to 18446744073709551615u");
}
std::expected<double, std::string> read_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return std::unexpected("a double has 64 bits: from 2.3e-308 to 1.7e308");
}

std::string quote_string(std::string_view value) { return quote(value, "", false); }
std::string quote_bytes(std::string_view value) { return quote(value, "b", true); }

std::string spell_double(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string spelled(text, end);
  if (spelled.find_first_of(".e") == spelled.npos) spelled += ".0";
  return spelled;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800)
    put(0xC0 | code >> 6);
  else if (code < 0x10000)
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F));
  else
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F));
  put(0x80 | (code & 0x3F));
}

}  // namespace millrace::rules

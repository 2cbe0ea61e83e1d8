// Parts of a URL as they stand in it (RFC 3986, appendix B); a text that is none has parts all the same, mostly empty ones.
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using std::string_view;

struct Url {
  string_view authority, path, query;
};

bool is_scheme(string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z', other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && !(other && &c != text.data())) return false;
  }
  return true;
}
// Where the first of these stands; the text's size if none does.
template <char... kAny>
size_t first_of(string_view text) {
  size_t at = 0;
  while (at < text.size() && !((text[at] == kAny) || ...)) ++at;
  return at;
}
Url parts_of(string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    text.remove_prefix(6);
  } else if (const size_t colon = first_of<':', '/', '?', '#'>(text); colon < text.size() && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t end = first_of<'/', '?', '#'>(text);
    url.authority = text.substr(0, end), text.remove_prefix(end);
  }
  text = text.substr(0, text.find('#'));
  const size_t question = text.find('?');
  url.path = text.substr(0, question);
  if (question != text.npos) url.query = text.substr(question + 1);
  return url;
}
string_view host_of(string_view text) {
  string_view host = parts_of(text).authority;
  if (const size_t at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

void url_host(Frame& frame, const Instruction& instruction) { map_values<string_view, string_view>(frame, instruction, Form::kText, host_of); }
void url_path(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return parts_of(a).path; });
}
void url_query(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return parts_of(a).query; });
}

void url_without_query(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) {
    a = a.substr(0, a.find('?'));
    return a.substr(0, a.find('#'));
  });
}

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1; }
// "%41" and "+" decoded, as forms write them (WHATWG URL, "application/x-www-form-urlencoded").
string_view decoded(TextArena& arena, string_view text) {
  if (text.find_first_of("%+") == text.npos) return text;
  char* out = arena.reserve(text.size());
  char* to = out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1, low = high >= 0 ? hex(text[i + 2]) : -1;
    *to++ = low >= 0 ? static_cast<char>(high * 16 + low) : text[i] == '+' ? ' ' : text[i];
    if (low >= 0) i += 2;
  }
  return arena.take(to);
}
void url_parameter(Frame& frame, const Instruction& instruction) {
  TextArena& arena = frame.arena();
  map_values<string_view, string_view, string_view>(frame, instruction, Form::kText, [&](string_view a, string_view key) {
    for (string_view rest = parts_of(a).query; !rest.empty();) {
      const string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = std::min(pair.find('='), pair.size());
      if (decoded(arena, pair.substr(0, equals)) == key) return decoded(arena, pair.substr(std::min(equals + 1, pair.size())));
    }
    return string_view();
  });
}

constexpr NamedKernel kKernels[] = {{"url_host_string", url_host},
                                    {"url_path_string", url_path},
                                    {"url_query_string", url_query},
                                    {"url_query_string_string", url_parameter},
                                    {"url_without_query_string", url_without_query}};

}  // namespace

std::span<const NamedKernel> url_kernels() { return kKernels; }

}  // namespace millrace::rules

// Parts of a URL as they stand in it (RFC 3986, appendix B); a text that is none has parts all the same, mostly empty ones.
#include "rules/kernels/byte_search.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using std::string_view;

bool is_scheme(string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z', other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && !(other && &c != text.data())) return false;
  }
  return true;
}
// What stands before the first of these.
template <char... kAny>
string_view before(string_view text) {
  return text.substr(0, find_any<kAny...>(text));
}
// Cuts scheme and authority off; returns the authority.
string_view take_authority(string_view& text) {
  if (constexpr size_t kHttps = 8; text.size() >= kHttps && std::memcmp(text.data(), "https://", kHttps) == 0) {
    text.remove_prefix(6);
  } else if (const size_t colon = before<':', '/', '?', '#'>(text).size(); colon < text.size() && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    text.remove_prefix(colon + 1);
  }
  if (!text.starts_with("//")) return {};
  text.remove_prefix(2);
  const string_view authority = before<'/', '?', '#'>(text);
  text.remove_prefix(authority.size());
  return authority;
}
string_view path_of(string_view text) {
  take_authority(text);
  return before<'?', '#'>(text);
}
string_view query_of(string_view text) {
  take_authority(text);
  text = before<'#'>(text);
  const size_t question = text.find('?');
  return question == text.npos ? string_view() : text.substr(question + 1);
}
string_view host_of(string_view text) {
  const string_view host = take_authority(text);
  if (find_any<'@', ':', '['>(host) == host.size()) return host;
  size_t begin = 0, end = host.size();
  for (size_t at = 0; at < host.size(); ++at)
    if (host[at] == '@')
      begin = at + 1, end = host.size();
    else if (host[at] == ':' && end == host.size())
      end = at;
  if (begin < host.size() && host[begin] == '[') return host.substr(begin, std::min(host.find(']', begin), host.size() - 1) + 1 - begin);
  return host.substr(begin, end - begin);
}

void url_host(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return host_of(a); });
}
void url_path(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return path_of(a); });
}
void url_query(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return query_of(a); });
}

void url_without_query(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) { return before<'?', '#'>(a); });
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
    for (string_view rest = query_of(a); !rest.empty();) {
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

#include "rules/kernels/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace millrace::rules {
namespace {

template <class T>
std::optional<T> whole(std::string_view digits, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}
bool is_hexadecimal(std::string_view digits) { return digits.starts_with("0x") || digits.starts_with("0X"); }

}  // namespace

std::optional<int64_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (!is_hexadecimal(digits)) return digits.starts_with('-') ? std::nullopt : whole<int64_t>(text, 10);
  const auto magnitude = whole<uint64_t>(digits.substr(2), 16);
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (!magnitude || *magnitude > kMost + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? -*magnitude : *magnitude);
}
std::optional<uint64_t> parse_uint(std::string_view text) { return is_hexadecimal(text) ? whole<uint64_t>(text.substr(2), 16) : whole<uint64_t>(text, 10); }
std::optional<double> parse_double(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty() || text.back() == ')') return std::nullopt;
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too small is zero, too large no number; from_chars doesn't say which.
  const double read = std::strtod(std::string(text).c_str(), nullptr);
  return std::isinf(read) ? std::nullopt : std::optional(read);
}
std::optional<bool> parse_bool(std::string_view text) {
  static constexpr std::string_view kTrue[] = {"true", "True", "TRUE", "t", "T", "1"}, kFalse[] = {"false", "False", "FALSE", "f", "F", "0"};
  if (std::ranges::find(kTrue, text) != std::end(kTrue)) return true;
  if (std::ranges::find(kFalse, text) != std::end(kFalse)) return false;
  return std::nullopt;
}

char* spell_number(double value, char* out) {
  const auto put = [&](std::string_view text) { return std::copy(text.begin(), text.end(), out); };
  if (std::isnan(value)) return put("NaN");
  if (std::isinf(value)) return put(value > 0 ? "+Inf" : "-Inf");
  const double magnitude = std::fabs(value);
  // Go's %g, which cel-go writes: the shortest digits; an exponent has a sign and two digits, as to_chars has it.
  const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  return std::to_chars(out, out + 32, value, plain ? std::chars_format::fixed : std::chars_format::scientific).ptr;
}

bool is_utf8(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = at + bytes.size();
  while (at < end) {
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || end - at < more) return false;
    const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (at[0] < least || at[0] > most) return false;
    for (int i = 1; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

}  // namespace millrace::rules

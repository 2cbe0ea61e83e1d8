// Texts of duration() and timestamp(), checked when a rule is.
#include <array>

#include "rules/constant_folding.h"

namespace millrace::rules {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr std::array<Unit, 7> kUnits = {
    {{"ns", 1}, {"us", 1'000}, {"µs", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};

const Unit* unit_at(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<int64_t> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  __int128 sum = 0;
  while (!text.empty()) {
    __int128 whole = 0, part = 0, parts = 1;
    size_t digits = 0;
    for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1), ++digits) {
      whole = whole * 10 + (text[0] - '0');
      if (whole > INT64_MAX) return std::nullopt;
    }
    if (text.starts_with('.')) {
      for (text.remove_prefix(1); !text.empty() && is_digit(text[0]); text.remove_prefix(1), ++digits) {
        if (parts < 1'000'000'000'000'000) part = part * 10 + (text[0] - '0'), parts *= 10;
      }
    }
    const Unit* unit = unit_at(text);
    if (digits == 0 || unit == nullptr) return std::nullopt;
    text.remove_prefix(unit->name.size());
    sum += whole * unit->nanoseconds + part * unit->nanoseconds / parts;
    if (sum > INT64_MAX) return std::nullopt;
  }
  return static_cast<int64_t>(negative ? -sum : sum);
}

bool is_timestamp(std::string_view text) {
  size_t at = 0;
  const auto number = [&](size_t digits, int least, int most) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i, ++at) {
      if (at >= text.size() || !is_digit(text[at])) return -1;
      value = value * 10 + (text[at] - '0');
    }
    return value >= least && value <= most ? value : -1;
  };
  const auto mark = [&](std::string_view any) { return at < text.size() && any.find(text[at]) != any.npos && (++at, true); };
  const int year = number(4, 1, 9999);
  if (year < 0 || !mark("-")) return false;
  const int month = number(2, 1, 12);
  if (month < 0 || !mark("-")) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int days = month == 2 ? (leap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  if (number(2, 1, days) < 0 || !mark("Tt") || number(2, 0, 23) < 0 || !mark(":") || number(2, 0, 59) < 0 || !mark(":") || number(2, 0, 59) < 0) return false;
  if (mark(".")) {
    const size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin || at - begin > 9) return false;
  }
  if (mark("Zz")) return at == text.size();
  return mark("+-") && number(2, 0, 23) >= 0 && mark(":") && number(2, 0, 59) >= 0 && at == text.size();
}

}  // namespace millrace::rules

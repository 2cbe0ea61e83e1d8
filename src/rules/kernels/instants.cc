#include "rules/kernels/instants.h"

#include <charconv>

#include "rules/constant_folding.h"

namespace millrace::rules {
namespace {

constexpr int64_t kDaySeconds = 86'400;

char* put_digits(char* out, int64_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}
// ".5", "" for nothing behind the point.
char* put_fraction(char* out, int64_t nanoseconds) {
  if (nanoseconds == 0) return out;
  *out++ = '.';
  out = put_digits(out, nanoseconds, 9);
  while (out[-1] == '0') --out;
  return out;
}
int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

// Both by Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years that begin in March.
int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}
Civil civil_of(int64_t second) {
  Civil civil;
  int64_t days = second / kDaySeconds, rest = second % kDaySeconds;
  if (rest < 0) rest += kDaySeconds, --days;
  civil.hour = static_cast<int>(rest / 3600), civil.minute = static_cast<int>(rest / 60 % 60), civil.second = static_cast<int>(rest % 60);
  civil.day_of_week = static_cast<int>(((days + 4) % 7 + 7) % 7);
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097, day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * from_march + 2) / 153;
  civil.day = static_cast<int>(from_march - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  civil.day_of_year = static_cast<int>(days - days_of(civil.year, 1, 1));
  return civil;
}

std::optional<Int128> parse_instant(std::string_view text) {
  if (!is_timestamp(text)) return std::nullopt;
  const auto part = [&](size_t at, size_t size) { return static_cast<int>(number(text.substr(at, size))); };
  int64_t second = days_of(part(0, 4), part(5, 2), part(8, 2)) * kDaySeconds + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2);
  int64_t fraction = 0;
  size_t at = 19;
  if (text[at] == '.') {
    int digits = 0;
    for (++at; text[at] >= '0' && text[at] <= '9'; ++at, ++digits) fraction = fraction * 10 + (text[at] - '0');
    for (; digits < 9; ++digits) fraction *= 10;
  }
  if (text[at] == '+' || text[at] == '-') {
    const int64_t offset = part(at + 1, 2) * 3600 + part(at + 4, 2) * 60;
    second += text[at] == '+' ? -offset : offset;
  }
  const Int128 instant = static_cast<Int128>(second) * kNanosecondsOfSecond + fraction;
  return is_instant(instant) ? std::optional(instant) : std::nullopt;
}

char* spell_instant(Int128 nanoseconds, char* out) {
  const int64_t second = second_of(nanoseconds);
  const Civil civil = civil_of(second);
  out = put_digits(out, civil.year, 4), *out++ = '-';
  out = put_digits(out, civil.month, 2), *out++ = '-';
  out = put_digits(out, civil.day, 2), *out++ = 'T';
  out = put_digits(out, civil.hour, 2), *out++ = ':';
  out = put_digits(out, civil.minute, 2), *out++ = ':';
  out = put_digits(out, civil.second, 2);
  out = put_fraction(out, static_cast<int64_t>(nanoseconds - static_cast<Int128>(second) * kNanosecondsOfSecond));
  *out++ = 'Z';
  return out;
}

char* spell_duration(int64_t nanoseconds, char* out) {
  if (nanoseconds < 0) *out++ = '-';
  const uint64_t magnitude = nanoseconds < 0 ? -static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  out = std::to_chars(out, out + 20, magnitude / kNanosecondsOfSecond).ptr;
  out = put_fraction(out, static_cast<int64_t>(magnitude % kNanosecondsOfSecond));
  *out++ = 's';
  return out;
}

}  // namespace millrace::rules

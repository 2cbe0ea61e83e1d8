#include "services/billing/month.h"

#include <chrono>

namespace millrace::billing {

using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::sys_days;

int64_t Month::begin_ms() const {
  const std::chrono::year_month_day first(std::chrono::year(index / 12), std::chrono::month(static_cast<unsigned>(index % 12 + 1)), std::chrono::day(1));
  return milliseconds(sys_days(first).time_since_epoch()).count();
}

Month month_of(int64_t time_ms) {
  const std::chrono::year_month_day day(floor<std::chrono::days>(std::chrono::sys_time<milliseconds>(milliseconds(time_ms))));
  return {static_cast<int>(day.year()) * 12 + static_cast<int>(static_cast<unsigned>(day.month())) - 1};
}

std::string to_string(Month month) {
  std::string text = "0000-00";
  int year = month.index / 12;
  for (size_t i = 4; i-- > 0; year /= 10) text[i] = static_cast<char>('0' + year % 10);
  const int number = month.index % 12 + 1;
  text[5] = static_cast<char>('0' + number / 10);
  text[6] = static_cast<char>('0' + number % 10);
  return text;
}

std::optional<Month> parse_month(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  for (const size_t i : {0, 1, 2, 3, 5, 6})
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  const auto digit = [&](size_t i) { return text[i] - '0'; };
  const int year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3), number = digit(5) * 10 + digit(6);
  if (year < 1 || number < 1 || number > 12) return std::nullopt;
  return Month{year * 12 + number - 1};
}

}  // namespace millrace::billing

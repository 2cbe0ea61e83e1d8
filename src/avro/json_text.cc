#include "avro/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/ids.h"

namespace millrace::avro {
namespace {

template <class T>
void put_number(columns::Buffer& out, T value) {
  out.reserve(32);
  out.set_tail(std::to_chars(out.tail(), out.tail() + 32, value).ptr);
}
template <class T>
void put_real(columns::Buffer& out, T value) {
  if (std::isnan(value)) return out.append("\"NaN\"");
  if (std::isinf(value)) return out.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  put_number(out, value);
}
// True if it was written: it is one of those that JSON wants escaped.
bool put_escaped(columns::Buffer& out, unsigned char c) {
  if (c >= 0x20 && c != '"' && c != '\\') return false;
  out.put('\\');
  switch (c) {
    case '"':
    case '\\': out.put(static_cast<char>(c)); break;
    case '\n': out.put('n'); break;
    case '\t': out.put('t'); break;
    case '\r': out.put('r'); break;
    default: constexpr char kHex[] = "0123456789abcdef"; out.append("u00"), out.put(kHex[c >> 4]), out.put(kHex[c & 15]);
  }
  return true;
}

}  // namespace

void json_integer(columns::Buffer& out, int64_t value) { put_number(out, value); }
void json_float(columns::Buffer& out, float value) { put_real(out, value); }
void json_double(columns::Buffer& out, double value) { put_real(out, value); }

void json_string(columns::Buffer& out, std::string_view utf8) {
  out.put('"');
  size_t begin = 0;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(utf8.substr(begin, i - begin));
    put_escaped(out, c);
    begin = i + 1;
  }
  out.append(utf8.substr(begin));
  out.put('"');
}

void json_bytes(columns::Buffer& out, std::string_view bytes) {
  out.put('"');
  for (const char raw : bytes) {
    const auto c = static_cast<unsigned char>(raw);
    if (c >= 0x80)
      out.put(static_cast<char>(0xc0 | (c >> 6))), out.put(static_cast<char>(0x80 | (c & 0x3f)));
    else if (!put_escaped(out, c))
      out.put(raw);
  }
  out.put('"');
}

void json_uuid(columns::Buffer& out, const uint8_t* bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  out.put('"');
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.put('-');
    out.put(kHex[bytes[i] >> 4]), out.put(kHex[bytes[i] & 15]);
  }
  out.put('"');
}

bool json_decimal(columns::Buffer& out, const uint8_t* bytes, size_t size, uint32_t scale) {
  const bool negative = size != 0 && (bytes[0] & 0x80) != 0;
  const uint8_t sign = negative ? 0xff : 0;
  while (size > 32 && *bytes == sign) ++bytes, --size;
  if (size > 32 || scale > 76) return false;
  // Schoolbook: magnitude in base 10^9, one byte after the other.
  std::array<uint32_t, 10> digits{};
  auto add = [&](uint64_t times, uint64_t carry) {
    for (uint32_t& digit : digits) carry += digit * times, digit = static_cast<uint32_t>(carry % 1'000'000'000), carry /= 1'000'000'000;
  };
  for (size_t i = 0; i < size; ++i) add(256, static_cast<uint8_t>(bytes[i] ^ sign));
  if (negative) add(1, 1);
  std::array<char, 90> text;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t& digit = digits[i / 9];
    text[i] = static_cast<char>('0' + digit % 10), digit /= 10;
  }
  size_t count = text.size();
  while (count > scale + 1 && text[count - 1] == '0') --count;
  out.put('"');
  if (negative) out.put('-');
  for (size_t i = count; i-- > 0;) {
    out.put(text[i]);
    if (i == scale && scale != 0) out.put('.');
  }
  out.put('"');
  return true;
}

}  // namespace millrace::avro

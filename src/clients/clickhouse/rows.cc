#include "clients/clickhouse/rows.h"

#include <algorithm>

namespace millrace::clickhouse {
namespace {

// Escapes of TabSeparated (docs: interfaces/formats#tabseparated-data-formatting).
std::string unescape(std::string_view field) {
  if (field == "\\N") return "\\N";
  std::string out;
  out.reserve(field.size());
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      out += field[i];
      continue;
    }
    switch (field[++i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      default: out += field[i];
    }
  }
  return out;
}

std::string quote(std::string_view text, char sign) {
  std::string out(1, sign);
  for (const char c : text) {
    if (c == sign || c == '\\') out += '\\';
    out += c;
  }
  return out + sign;
}

}  // namespace

std::vector<std::vector<std::string>> parse_tab_separated(std::string_view body) {
  std::vector<std::vector<std::string>> rows;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    auto& row = rows.emplace_back();
    while (true) {
      const size_t tab = line.find('\t');
      row.push_back(unescape(line.substr(0, tab)));
      if (tab == line.npos) break;
      line.remove_prefix(tab + 1);
    }
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return rows;
}

std::string_view RowBinaryReader::take(size_t size) {
  if (failed_ || bytes_.size() - position_ < size) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = bytes_.substr(position_, size);
  position_ += size;
  return taken;
}

uint64_t RowBinaryReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = number<uint8_t>();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return failed_ ? 0 : value;
  }
  failed_ = true;
  return 0;
}

std::string_view RowBinaryReader::string() { return take(varint()); }

Uuid RowBinaryReader::uint128() {
  const auto low = number<uint64_t>();
  const auto high = number<uint64_t>();
  return {high, low};
}

Uuid RowBinaryReader::uuid() {
  const auto high = number<uint64_t>();
  const auto low = number<uint64_t>();
  return {high, low};
}

std::string quote_string(std::string_view text) { return quote(text, '\''); }
std::string quote_identifier(std::string_view name) { return quote(name, '`'); }

std::string uint128_literal(const Uuid& id) {
  __extension__ using Wide = unsigned __int128;
  Wide value = static_cast<Wide>(id.high) << 64 | id.low;
  std::string digits;
  do digits += static_cast<char>('0' + static_cast<int>(value % 10));
  while ((value /= 10) != 0);
  std::ranges::reverse(digits);
  return "toUInt128('" + digits + "')";
}

}  // namespace millrace::clickhouse

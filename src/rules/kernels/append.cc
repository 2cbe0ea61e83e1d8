#include "rules/kernels/append.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "rules/environment.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/value_text.h"
#include "rules/literal.h"

namespace millrace::rules {
namespace {

using columns::Column;
using columns::Kind;
using Appended = std::expected<void, std::string>;

std::unexpected<std::string> refuse(const std::string& value, const columns::Type& type) {
  return std::unexpected(value + " doesn't fit into " + columns::to_string(type));
}

template <class Stored>
Appended put_whole(const Vector& vector, size_t entry, Column& column) {
  const bool fine = vector.form == Form::kInt ? std::in_range<Stored>(vector.at<int64_t>(entry)) : std::in_range<Stored>(vector.at<uint64_t>(entry));
  if (!fine) return refuse(vector.form == Form::kInt ? std::to_string(vector.at<int64_t>(entry)) : std::to_string(vector.at<uint64_t>(entry)), column.type());
  column.append(static_cast<Stored>(vector.at<uint64_t>(entry)));
  return {};
}
// An instant in whole units since 1970: it has no smaller part, and the column holds it.
template <class Stored>
Appended put_instant(Int128 instant, int64_t unit, Column& column) {
  const Int128 units = instant / unit;
  if (units * unit != instant || units < std::numeric_limits<Stored>::min() || units > std::numeric_limits<Stored>::max()) {
    char text[40];
    return refuse(std::string(text, spell_instant(instant, text)), column.type());
  }
  column.append(static_cast<Stored>(units));
  return {};
}
template <class Stored>
Appended put_symbol(std::string_view text, Column& column) {
  for (const auto& [symbol, value] : column.type().symbols) {
    if (symbol == text) return column.append(static_cast<Stored>(value)), Appended();
  }
  return refuse(quote_string(excerpt(text)), column.type());
}
Appended put_uuid(std::string_view text, Column& column) {
  Uuid id{};
  size_t digits = 0;
  bool fine = text.size() == 36;
  for (size_t i = 0; i < text.size() && fine; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      fine = text[i] == '-';
      continue;
    }
    const char c = static_cast<char>(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]);
    fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    const auto digit = static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    uint64_t& half = digits++ < 16 ? id.high : id.low;
    half = half << 4 | (digit & 15);
  }
  if (!fine) return refuse(quote_string(excerpt(text)), column.type());
  return column.append(id), Appended();
}
Appended put_decimal(const Vector& vector, size_t entry, Column& column) {
  const columns::Type& type = column.type();
  Int256 value = vector.form == Form::kWideDecimal ? vector.at<Int256>(entry) : Int256(vector.at<Int128>(entry));
  Uint256 magnitude = value.magnitude();
  bool fine = true;
  for (uint32_t down = type.scale; down < vector.scale && fine; ++down) fine = magnitude.divide(10) == 0;
  if (type.scale > vector.scale) fine = magnitude.scale_up(type.scale - vector.scale);
  Uint256 limit(1);
  limit.scale_up(type.precision);
  if (!fine || magnitude >= limit) return refuse(spell_decimal(value, vector.scale), type);
  value = Int256(value.negative(), magnitude);
  column.append_fixed(reinterpret_cast<const char*>(value.limbs.data()));  // little endian: the low bytes come first
  return {};
}
// Elements first; if one doesn't fit, those before it go again.
Appended put_range(const Vector& vector, size_t entry, Column& column) {
  const Range range = vector.at<Range>(entry);
  const size_t children = vector.form == Form::kMap ? 2 : 1;
  const size_t before = column.child(0).rows();
  Appended appended;
  for (uint64_t at = range.begin; at < range.end && appended; ++at) {
    for (size_t c = 0; c < children && appended; ++c) appended = append(*vector.children[c], at, column.child(c));
  }
  if (appended)
    column.append_end(range.size());
  else
    for (size_t c = 0; c < children; ++c) column.child(c).truncate(before);
  return appended;
}

Appended put(const Vector& vector, size_t entry, Column& column) {
  const columns::Type& type = column.type();
  const auto text = [&] { return vector.at<std::string_view>(entry); };
  const auto instant = [&] { return vector.at<Int128>(entry); };
  switch (type.kind) {
    case Kind::kBool: return column.append(vector.at<uint8_t>(entry)), Appended();
    case Kind::kInt8: return put_whole<int8_t>(vector, entry, column);
    case Kind::kInt16: return put_whole<int16_t>(vector, entry, column);
    case Kind::kInt32: return put_whole<int32_t>(vector, entry, column);
    case Kind::kInt64: return put_whole<int64_t>(vector, entry, column);
    case Kind::kUInt8: return put_whole<uint8_t>(vector, entry, column);
    case Kind::kUInt16: return put_whole<uint16_t>(vector, entry, column);
    case Kind::kUInt32: return put_whole<uint32_t>(vector, entry, column);
    case Kind::kUInt64: return put_whole<uint64_t>(vector, entry, column);
    case Kind::kFloat32: {
      const double value = vector.at<double>(entry);
      if (std::isfinite(value) && std::fabs(value) > std::numeric_limits<float>::max()) return refuse(spell_double(value), type);
      return column.append(static_cast<float>(value)), Appended();
    }
    case Kind::kFloat64: return column.append(vector.at<double>(entry)), Appended();
    case Kind::kString: return column.append_text(text()), Appended();
    case Kind::kFixedString:
      if (text().size() != type.size) return refuse("a text of " + std::to_string(text().size()) + " bytes", type);
      return column.append_fixed(text().data()), Appended();
    case Kind::kUuid: return put_uuid(text(), column);
    case Kind::kEnum8: return put_symbol<int8_t>(text(), column);
    case Kind::kEnum16: return put_symbol<int16_t>(text(), column);
    case Kind::kDate: return put_instant<uint16_t>(instant(), 86'400 * kNanosecondsOfSecond, column);
    case Kind::kDate32: return put_instant<int32_t>(instant(), 86'400 * kNanosecondsOfSecond, column);
    case Kind::kDateTime: return put_instant<uint32_t>(instant(), kNanosecondsOfSecond, column);
    case Kind::kDateTime64: return put_instant<int64_t>(instant(), static_cast<int64_t>(kPowersOfTen[9 - type.precision]), column);
    case Kind::kDecimal32:
    case Kind::kDecimal64:
    case Kind::kDecimal128:
    case Kind::kDecimal256: return put_decimal(vector, entry, column);
    case Kind::kLowCardinality: return column.append_text(text()), Appended();
    case Kind::kArray:
    case Kind::kMap: return put_range(vector, entry, column);
    default: break;
  }
  return std::unexpected("rules give no value for a column of " + columns::to_string(type));
}

}  // namespace

std::expected<void, std::string> append(const Vector& vector, size_t entry, columns::Column& column) {
  const columns::Type& type = column.type();
  if (vector.is_null(entry) || vector.form == Form::kNothing) {
    if (!columns::is_nullable(type)) return refuse("null", type);
    return column.append_null(), Appended();
  }
  if (type.kind != Kind::kNullable) return put(vector, entry, column);
  auto appended = put(vector, entry, column.child(0));
  if (appended) column.append_not_null();
  return appended;
}

}  // namespace millrace::rules

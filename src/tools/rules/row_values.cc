#include "tools/rules/row_values.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "avro/json_text.h"
#include "avro/utf8.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/wide_integer.h"
#include "tools/rules/event_values.h"

namespace millrace::rules_tools {
namespace {

using columns::Column;
using columns::Kind;
using rules::FileNode;
using rules::Int128;
using rules::Int256;

std::string instant_text(Int128 nanoseconds) {
  char text[32];
  return {text, rules::spell_instant(nanoseconds, text)};
}
std::string date_text(int64_t days) { return instant_text(static_cast<Int128>(days) * 86'400 * rules::kNanosecondsOfSecond).substr(0, 10); }

std::string bytes_text(std::string_view bytes) {
  columns::Buffer quoted;
  avro::json_bytes(quoted, bytes);
  return Json::parse(quoted.view()).get<std::string>();
}

Json text_value(std::string_view text) {
  return avro::valid_utf8(reinterpret_cast<const uint8_t*>(text.data()), text.size()) ? std::string(text) : bytes_text(text);
}

template <class T>
Json float_value(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char text[64];  // the shortest digits, of a float too
  double same = 0;
  std::from_chars(text, std::to_chars(text, text + sizeof text, value).ptr, same);
  return same;
}

Int256 wide(const Column& column, size_t row) {
  switch (column.width()) {
    case 4: return Int256(static_cast<Int128>(column.value<int32_t>(row)));
    case 8: return Int256(static_cast<Int128>(column.value<int64_t>(row)));
    case 16: return Int256(column.value<Int128>(row));
    default: return column.value<Int256>(row);
  }
}

Json enum_value(const columns::Type& type, int16_t number) {
  for (const auto& [symbol, value] : type.symbols)
    if (value == number) return symbol;
  return number;
}

int64_t power(uint32_t exponent) { return static_cast<int64_t>(rules::power_of_ten(exponent)); }

bool is_number(Kind kind) { return kind <= Kind::kFloat64; }
bool is_float(Kind kind) { return kind == Kind::kFloat32 || kind == Kind::kFloat64; }
bool is_decimal(Kind kind) { return kind >= Kind::kDecimal32 && kind <= Kind::kDecimal256; }
bool is_time(Kind kind) { return kind == Kind::kDateTime || kind == Kind::kDateTime64; }
bool is_date(Kind kind) { return kind == Kind::kDate || kind == Kind::kDate32; }

bool same_elements(const FileNode& written, const Json& value, const columns::Type& element) {
  if (written.kind != FileNode::Kind::kList || written.parts.size() != value.size()) return false;
  for (size_t i = 0; i < value.size(); ++i)
    if (!means(written.parts[i], value[i], element)) return false;
  return true;
}

bool same_entries(const FileNode& written, const Json& value, const columns::Type& of_values) {
  if (written.kind != FileNode::Kind::kMap || written.parts.size() != 2 * value.size()) return false;
  for (size_t i = 0; i + 1 < written.parts.size(); i += 2) {
    const auto found = value.find(written.parts[i].text.value);
    if (found == value.end() || !means(written.parts[i + 1], *found, of_values)) return false;
  }
  return true;
}

}  // namespace

Json value_of(const Column& column, size_t row) {
  const columns::Type& type = column.type();
  switch (type.kind) {
    case Kind::kNullable: return column.is_null(row) ? Json() : value_of(column.child(0), row);
    case Kind::kLowCardinality: return column.is_null(row) ? Json() : text_value(column.text(row));
    case Kind::kBool: return column.value<uint8_t>(row) != 0;
    case Kind::kInt8: return column.value<int8_t>(row);
    case Kind::kInt16: return column.value<int16_t>(row);
    case Kind::kInt32: return column.value<int32_t>(row);
    case Kind::kInt64: return column.value<int64_t>(row);
    case Kind::kUInt8: return column.value<uint8_t>(row);
    case Kind::kUInt16: return column.value<uint16_t>(row);
    case Kind::kUInt32: return column.value<uint32_t>(row);
    case Kind::kUInt64: return column.value<uint64_t>(row);
    case Kind::kInt128:
    case Kind::kInt256: return rules::spell_decimal(wide(column, row), 0);
    case Kind::kUInt128: return rules::spell_decimal(Int256(false, rules::Uint256(column.value<rules::Uint128>(row))), 0);
    case Kind::kUInt256: {
      rules::Uint256 magnitude;
      magnitude.limbs = column.value<std::array<uint64_t, 4>>(row);
      return rules::spell_decimal(Int256(false, magnitude), 0);
    }
    case Kind::kFloat32: return float_value(column.value<float>(row));
    case Kind::kFloat64: return float_value(column.value<double>(row));
    case Kind::kString: return text_value(column.text(row));
    case Kind::kFixedString: return bytes_text(column.fixed(row));
    case Kind::kUuid: return to_string(Uuid{column.value<uint64_t>(2 * row), column.value<uint64_t>(2 * row + 1)});
    case Kind::kDate: return date_text(column.value<uint16_t>(row));
    case Kind::kDate32: return date_text(column.value<int32_t>(row));
    case Kind::kDateTime: return instant_text(static_cast<Int128>(column.value<uint32_t>(row)) * rules::kNanosecondsOfSecond);
    case Kind::kDateTime64: {
      const Int128 at = static_cast<Int128>(column.value<int64_t>(row)) * power(9 - std::min(9u, type.precision));
      return rules::is_instant(at) ? Json(instant_text(at)) : Json(column.value<int64_t>(row));
    }
    case Kind::kEnum8: return enum_value(type, column.value<int8_t>(row));
    case Kind::kEnum16: return enum_value(type, column.value<int16_t>(row));
    case Kind::kDecimal32:
    case Kind::kDecimal64:
    case Kind::kDecimal128:
    case Kind::kDecimal256: return rules::spell_decimal(wide(column, row), type.scale);
    case Kind::kArray: {
      Json list = Json::array();
      for (uint64_t i = column.elements_begin(row); i < column.elements_end(row); ++i) list.push_back(value_of(column.child(0), i));
      return list;
    }
    case Kind::kMap: {
      Json map = Json::object();
      for (uint64_t i = column.elements_begin(row); i < column.elements_end(row); ++i) {
        const Json key = value_of(column.child(0), i);
        map[key.is_string() ? key.get<std::string>() : key.dump()] = value_of(column.child(1), i);
      }
      return map;
    }
  }
  return {};
}

std::string shown(const Json& value, const columns::Type& type) {
  if (type.kind == Kind::kNullable) return shown(value, type.children[0]);
  if (value.is_string() && (is_number(type.kind) || is_decimal(type.kind) || is_time(type.kind) || is_date(type.kind) || type.kind == Kind::kUuid))
    return value.get<std::string>();
  if (type.kind == Kind::kArray || type.kind == Kind::kMap) {
    std::string text;
    for (const auto& [key, each] : value.items())
      text += (text.empty() ? "" : ", ") + (value.is_object() ? Json(key).dump() + ": " : "") + shown(each, type.children.back());
    return value.is_object() ? "{" + text + "}" : "[" + text + "]";
  }
  return value.dump();
}

bool means(const FileNode& written, const Json& value, const columns::Type& type) {
  if (type.kind == Kind::kNullable) return means(written, value, type.children[0]);
  if (value.is_null() || is_null(written)) return value.is_null() && is_null(written);
  if (type.kind == Kind::kArray) return same_elements(written, value, type.children[0]);
  if (type.kind == Kind::kMap) return same_entries(written, value, type.children[1]);
  if (written.kind != FileNode::Kind::kText) return false;
  const std::string& text = written.text.value;
  if (is_decimal(type.kind)) {
    const auto a = decimal_of(text, type.scale), b = decimal_of(value.get<std::string>(), type.scale);
    return a && b ? *a == *b : text == value.get<std::string>();
  }
  if (is_float(type.kind)) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (value.is_string()) return text == value.get<std::string>();
    if (error != std::errc() || end != text.data() + text.size()) return false;
    return number == value.get<double>() || (type.kind == Kind::kFloat32 && static_cast<float>(number) == value.get<float>());
  }
  if (is_time(type.kind)) {
    const auto a = rules::parse_instant(text), b = rules::parse_instant(value.is_string() ? value.get<std::string>() : "");
    return a && b && *a == *b;
  }
  return text == (value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace millrace::rules_tools

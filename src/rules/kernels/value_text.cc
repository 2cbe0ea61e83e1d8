#include "rules/kernels/value_text.h"

#include <cmath>

#include "rules/diagnostic.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/number_text.h"
#include "rules/literal.h"

namespace millrace::rules {
namespace {

std::string range_text(const Vector& vector, size_t entry, const Type& type, size_t text_max, size_t elements_max) {
  const Range range = vector.at<Range>(entry);
  const bool is_map = type.is(TypeKind::kMap);
  std::string out(1, is_map ? '{' : '[');
  for (uint64_t at = range.begin; at < range.end; ++at) {
    if (at > range.begin) out += ", ";
    if (at - range.begin == elements_max) {
      out += "…";
      break;
    }
    out += text_of(*vector.children[0], at, type.children[0], text_max, elements_max);
    if (is_map) out += ": " + text_of(*vector.children[1], at, type.children[1], text_max, elements_max);
  }
  return out + (is_map ? '}' : ']');
}
std::string double_text(double value) {
  if (std::isfinite(value)) return spell_double(value);
  char text[32];
  return "double(" + quote_string({text, static_cast<size_t>(spell_number(value, text) - text)}) + ")";
}

}  // namespace

std::string text_of(const Vector& vector, size_t entry, const Type& type, size_t text_max, size_t elements_max) {
  if (vector.is_null(entry) || vector.form == Form::kNothing) return "null";
  char text[48];
  switch (vector.form) {
    case Form::kNothing: break;
    case Form::kBool: return vector.at<uint8_t>(entry) != 0 ? "true" : "false";
    case Form::kInt: return std::to_string(vector.at<int64_t>(entry));
    case Form::kUint: return std::to_string(vector.at<uint64_t>(entry)) + "u";
    case Form::kDouble: return double_text(vector.at<double>(entry));
    case Form::kText: {
      const std::string_view value = vector.at<std::string_view>(entry);
      if (type.is(TypeKind::kBytes)) return quote_bytes(value.substr(0, text_max)) + (value.size() > text_max ? "…" : "");
      return quote_string(excerpt(value, text_max));
    }
    case Form::kTimestamp: return "timestamp(\"" + std::string(text, spell_instant(vector.at<Int128>(entry), text)) + "\")";
    case Form::kDuration: return "duration(\"" + std::string(text, spell_duration(vector.at<int64_t>(entry), text)) + "\")";
    case Form::kDecimal: return spell_decimal(Int256(vector.at<Int128>(entry)), vector.scale);
    case Form::kWideDecimal: return spell_decimal(vector.at<Int256>(entry), vector.scale);
    case Form::kList:
    case Form::kMap: return range_text(vector, entry, type, text_max, elements_max);
  }
  return "null";
}

}  // namespace millrace::rules

#include "tools/rules/event_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "avro/encoder.h"
#include "rules/diagnostic.h"
#include "rules/file_form.h"
#include "rules/kernels/instants.h"

namespace millrace::rules_tools {
namespace {

using avro::Logical;
using avro::Node;
using avro::Type;
using rules::FileNode;

std::optional<int64_t> integer_of(const FileNode& value) {
  if (value.kind != FileNode::Kind::kText || value.quoted) return std::nullopt;
  int64_t number = 0;
  const std::string& text = value.text.value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_text(const FileNode& value) { return value.kind == FileNode::Kind::kText && rules::looks_like_text(value); }

// Units of a time since 1970, or since midnight.
constexpr int64_t kDay = 86'400 * rules::kNanosecondsOfSecond;
int64_t nanoseconds_of_unit(Logical logical) {
  switch (logical) {
    case Logical::kDate: return kDay;
    case Logical::kTimeMillis:
    case Logical::kTimestampMillis:
    case Logical::kLocalTimestampMillis: return 1'000'000;
    case Logical::kTimeMicros:
    case Logical::kTimestampMicros:
    case Logical::kLocalTimestampMicros: return 1'000;
    case Logical::kTimestampNanos:
    case Logical::kLocalTimestampNanos: return 1;
    default: return 0;
  }
}

// Since 1970 or midnight.
std::optional<rules::Int128> instant_of(Logical logical, const std::string& text) {
  switch (logical) {
    case Logical::kDate: return rules::parse_instant(text + "T00:00:00Z");
    case Logical::kTimeMillis:
    case Logical::kTimeMicros: return rules::parse_instant("1970-01-01T" + text + "Z");
    case Logical::kLocalTimestampMillis:
    case Logical::kLocalTimestampMicros:
    case Logical::kLocalTimestampNanos: return rules::parse_instant(text.ends_with('Z') ? text : text + "Z");
    default: return rules::parse_instant(text);
  }
}

const char* time_form(Logical logical) {
  switch (logical) {
    case Logical::kDate: return "is a date, \"2026-01-31\", or days since 1970";
    case Logical::kTimeMillis: return "is a time of day, \"23:59:59.999\", or milliseconds since midnight";
    case Logical::kTimeMicros: return "is a time of day, \"23:59:59.999999\", or microseconds since midnight";
    case Logical::kTimestampMillis: return "is a time, \"2026-01-31T23:59:59.999Z\", or milliseconds since 1970";
    case Logical::kTimestampMicros: return "is a time, \"2026-01-31T23:59:59.999999Z\", or microseconds since 1970";
    case Logical::kTimestampNanos: return "is a time, \"2026-01-31T23:59:59.999999999Z\", or nanoseconds since 1970";
    default: return "is a time without a zone, \"2026-01-31T23:59:59.999\", or a number since 1970";
  }
}

std::string encode_integer(const Node& type, const FileNode& value, std::string& out) {
  const int64_t unit = nanoseconds_of_unit(type.logical);
  std::optional<int64_t> number = integer_of(value);
  if (!number && unit != 0 && is_text(value)) {
    const auto instant = instant_of(type.logical, value.text.value);
    if (!instant) return time_form(type.logical);
    const rules::Int128 units = *instant / unit;
    if (units * unit != *instant) return std::string(time_form(type.logical)) + " (no finer)";
    if (units < std::numeric_limits<int64_t>::min() || units > std::numeric_limits<int64_t>::max()) return "doesn't fit its type";
    number = static_cast<int64_t>(units);
  }
  if (!number) return unit != 0 ? time_form(type.logical) : "is a whole number of 64 bits";
  if (type.type == Type::kInt && (*number < std::numeric_limits<int32_t>::min() || *number > std::numeric_limits<int32_t>::max()))
    return "is a whole number of 32 bits";
  avro::Encoder(out).long_(*number);
  return {};
}

std::string encode_double(const Node& type, const FileNode& value, std::string& out) {
  double number = 0;
  const std::string& text = value.text.value;
  if (value.kind != FileNode::Kind::kText) return "is a number";
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    number = text == "NaN" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity() * (text[0] == '-' ? -1 : 1);
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (value.quoted || error != std::errc() || end != text.data() + text.size()) return "is a number";
  }
  if (type.type == Type::kFloat)
    avro::Encoder(out).float_(static_cast<float>(number));
  else
    avro::Encoder(out).double_(number);
  return {};
}

std::string encode_decimal(const Node& type, const FileNode& value, std::string& out) {
  const std::string form = "is a decimal of " + std::to_string(type.precision) + " digits, " + std::to_string(type.scale) + " of them behind the point";
  if (value.kind != FileNode::Kind::kText) return form;
  const auto number = decimal_of(value.text.value, static_cast<uint32_t>(type.scale));
  if (!number) return form;
  if (type.precision < 38 &&
      (*number >= rules::power_of_ten(static_cast<uint32_t>(type.precision)) || *number <= -rules::power_of_ten(static_cast<uint32_t>(type.precision))))
    return form;
  avro::Encoder to(out);
  if (type.type == Type::kBytes) return to.decimal_bytes(*number), std::string();
  const auto size = static_cast<size_t>(type.size);
  if (size > 16) out.append(size - 16, *number < 0 ? '\xff' : '\0');
  to.decimal_fixed(*number, std::min<size_t>(size, 16));
  return {};
}

std::string encode_big_decimal(const FileNode& value, std::string& out) {
  if (value.kind != FileNode::Kind::kText) return "is a decimal";
  const std::string& text = value.text.value;
  const size_t point = text.find('.');
  const auto scale = static_cast<uint32_t>(point == text.npos ? 0 : text.size() - point - 1);
  const auto number = decimal_of(text, scale);
  if (!number) return "is a decimal of at most 38 digits";
  std::string inner;
  avro::Encoder to(inner);
  to.decimal_bytes(*number), to.integer(static_cast<int32_t>(scale));
  avro::Encoder(out).bytes(inner);
  return {};
}

// Each character is a byte.
std::optional<std::string> bytes_of(std::string_view utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x80) {
      bytes += utf8[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
      bytes += static_cast<char>((byte & 3) << 6 | (static_cast<uint8_t>(utf8[++i]) & 0x3f));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  return true;
}

std::string uuid_bytes(std::string_view text) {
  std::string bytes, digits;
  for (const char c : text)
    if (c != '-') digits += c;
  for (size_t i = 0; i < digits.size(); i += 2) {
    uint8_t byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string encode_text(const Node& type, const FileNode& value, std::string& out) {
  if (type.logical == Logical::kDecimal) return encode_decimal(type, value, out);
  if (type.logical == Logical::kBigDecimal) return encode_big_decimal(value, out);
  avro::Encoder to(out);
  const std::string& text = value.text.value;
  if (type.logical == Logical::kUuid) {
    if (!is_text(value) || !is_uuid(text)) return "is a UUID, \"6b1f0a4e-8f0e-4d0a-9d7e-0c5a4f3b2a19\"";
    if (type.type == Type::kString) return to.string(text), std::string();
    return to.fixed(uuid_bytes(text)), std::string();
  }
  if (value.kind != FileNode::Kind::kText || is_null(value)) return "is a text";
  if (!is_text(value)) return "is a text: write it in quotes";
  if (type.type == Type::kString) return to.string(text), std::string();
  if (type.type == Type::kEnum) {
    const auto found = std::ranges::find(type.symbols, text);
    std::vector<std::string_view> words(type.symbols.begin(), type.symbols.end());
    if (found == type.symbols.end()) return "is one of " + rules::list_of(words);
    return to.enum_symbol(static_cast<int>(found - type.symbols.begin())), std::string();
  }
  const auto bytes = bytes_of(text);
  if (!bytes) return "is bytes: a text of the characters U+0000 to U+00FF, each of which is a byte";
  if (type.type == Type::kBytes) return to.bytes(*bytes), std::string();
  if (bytes->size() != static_cast<size_t>(type.size)) return "has " + std::to_string(type.size) + " bytes, each a character";
  to.fixed(*bytes);
  return {};
}

}  // namespace

bool is_null(const FileNode& node) {
  return node.kind == FileNode::Kind::kNothing || (node.kind == FileNode::Kind::kText && !node.quoted && (node.text.value == "null" || node.text.value == "~"));
}

std::string describe(const FileNode& node) {
  if (is_null(node)) return "null";
  if (node.kind == FileNode::Kind::kList) return "a list";
  if (node.kind == FileNode::Kind::kMap) return "a map";
  return node.quoted ? '"' + rules::excerpt(node.text.value) + '"' : rules::excerpt(node.text.value);
}

std::string encode_value(const Node& type, const FileNode& value, std::string& out) {
  switch (type.type) {
    case Type::kNull: return is_null(value) ? "" : "is null";
    case Type::kBoolean:
      if (value.kind != FileNode::Kind::kText || value.quoted || (value.text.value != "true" && value.text.value != "false")) return "is true or false";
      avro::Encoder(out).boolean(value.text.value == "true");
      return {};
    case Type::kInt:
    case Type::kLong: return encode_integer(type, value, out);
    case Type::kFloat:
    case Type::kDouble: return encode_double(type, value, out);
    default: return encode_text(type, value, out);
  }
}

void encode_zero(const Node& type, std::string& out) {
  avro::Encoder to(out);
  switch (type.type) {
    case Type::kNull: return;
    case Type::kFloat: return to.float_(0);
    case Type::kDouble: return to.double_(0);
    case Type::kFixed: out.append(static_cast<size_t>(type.size), '\0'); return;
    case Type::kEnum: return to.enum_symbol(type.enum_default.value_or(0));
    case Type::kString:
      if (type.logical == Logical::kUuid) return to.string("00000000-0000-0000-0000-000000000000");
      return to.string("");
    case Type::kBytes:
      if (type.logical == Logical::kDecimal) return to.decimal_bytes(0);
      if (type.logical == Logical::kBigDecimal) return to.bytes(std::string("\2\0\0", 3));
      return to.bytes("");
    default: out.push_back('\0'); return;  // false, 0, no elements
  }
}

std::optional<rules::Int128> decimal_of(std::string_view text, uint32_t scale) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  rules::Int128 value = 0;
  uint32_t behind = 0;
  bool point = false, digits = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    digits = true;
    if (point && behind == scale) {
      if (c != '0') return std::nullopt;  // finer than the scale
      continue;
    }
    behind += point;
    value = value * 10 + (c - '0');
    if (!rules::has_38_digits_at_most(value)) return std::nullopt;
  }
  for (; behind < scale; ++behind) {
    value *= 10;
    if (!rules::has_38_digits_at_most(value)) return std::nullopt;
  }
  if (!digits) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace millrace::rules_tools

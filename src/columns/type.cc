#include "columns/type.h"

#include <algorithm>
#include <array>

namespace millrace::columns {
namespace {

struct Named {
  Kind kind;
  std::string_view name;
  uint32_t width;
};
constexpr std::array kNamed = {
    Named{Kind::kBool, "Bool", 1},
    Named{Kind::kInt8, "Int8", 1},
    Named{Kind::kInt16, "Int16", 2},
    Named{Kind::kInt32, "Int32", 4},
    Named{Kind::kInt64, "Int64", 8},
    Named{Kind::kInt128, "Int128", 16},
    Named{Kind::kInt256, "Int256", 32},
    Named{Kind::kUInt8, "UInt8", 1},
    Named{Kind::kUInt16, "UInt16", 2},
    Named{Kind::kUInt32, "UInt32", 4},
    Named{Kind::kUInt64, "UInt64", 8},
    Named{Kind::kUInt128, "UInt128", 16},
    Named{Kind::kUInt256, "UInt256", 32},
    Named{Kind::kFloat32, "Float32", 4},
    Named{Kind::kFloat64, "Float64", 8},
    Named{Kind::kString, "String", 0},
    Named{Kind::kFixedString, "FixedString", 0},
    Named{Kind::kUuid, "UUID", 16},
    Named{Kind::kDate, "Date", 2},
    Named{Kind::kDate32, "Date32", 4},
    Named{Kind::kDateTime, "DateTime", 4},
    Named{Kind::kDateTime64, "DateTime64", 8},
    Named{Kind::kEnum8, "Enum8", 1},
    Named{Kind::kEnum16, "Enum16", 2},
    Named{Kind::kDecimal32, "Decimal32", 4},
    Named{Kind::kDecimal64, "Decimal64", 8},
    Named{Kind::kDecimal128, "Decimal128", 16},
    Named{Kind::kDecimal256, "Decimal256", 32},
    Named{Kind::kNullable, "Nullable", 0},
    Named{Kind::kArray, "Array", 0},
    Named{Kind::kMap, "Map", 0},
    Named{Kind::kLowCardinality, "LowCardinality", 0},
};
const Named& named(Kind kind) { return kNamed[static_cast<size_t>(kind)]; }

Type wrap(Kind kind, std::vector<Type> children) {
  Type type = simple(kind);
  type.children = std::move(children);
  return type;
}

// Recursive descent over `Name(arg, …)`; every function leaves position_ behind what it took, or fails for good.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Type> whole() {
    Type type = parse(0);
    skip_spaces();
    if (failed_ || position_ != text_.size())
      return permanent("ClickHouse type not understood: " + std::string(text_.substr(0, 200)) + " (at character " + std::to_string(position_) + ")");
    return type;
  }

 private:
  Type fail() {
    failed_ = true;
    return {};
  }
  void skip_spaces() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }
  bool take(char c) {
    skip_spaces();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) { failed_ |= !take(c); }
  std::string_view word() {
    skip_spaces();
    const size_t begin = position_;
    while (position_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[position_])) || text_[position_] == '_')) ++position_;
    return text_.substr(begin, position_ - begin);
  }
  int64_t number() {
    skip_spaces();
    const bool negative = take('-');
    int64_t value = 0;
    const std::string_view digits = word();
    failed_ |= digits.empty() || digits.size() > 9;
    for (const char c : failed_ ? std::string_view() : digits) {
      if (c < '0' || c > '9') failed_ = true;
      value = value * 10 + (c - '0');
    }
    return failed_ ? 0 : negative ? -value : value;
  }
  std::string quoted() {
    std::string text;
    expect('\'');
    while (!failed_) {
      if (position_ == text_.size()) return failed_ = true, text;
      char c = text_[position_++];
      if (c == '\'') return text;
      if (c == '\\') {
        if (position_ == text_.size()) return failed_ = true, text;
        c = text_[position_++];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '0' ? '\0' : c;
      }
      text += c;
    }
    return text;
  }

  Type parse(int depth) {
    if (failed_ || depth > 32) return fail();
    const std::string_view name = word();
    if (name == "Decimal") return parse_decimal();
    const auto* found = std::find_if(kNamed.begin(), kNamed.end(), [&](const Named& n) { return n.name == name; });
    if (found == kNamed.end()) return fail();
    Type type = simple(found->kind);
    switch (type.kind) {
      case Kind::kFixedString:
        expect('('), type.size = static_cast<uint32_t>(number()), expect(')');
        failed_ |= type.size == 0;
        break;
      case Kind::kDateTime:
        if (take('(')) type.time_zone = quoted(), expect(')');
        break;
      case Kind::kDateTime64:
        expect('('), type.precision = static_cast<uint32_t>(number());
        if (take(',')) type.time_zone = quoted();
        expect(')');
        failed_ |= type.precision > 9;
        break;
      case Kind::kDecimal32:
      case Kind::kDecimal64:
      case Kind::kDecimal128:
      case Kind::kDecimal256: {
        constexpr uint32_t kDigits[] = {9, 18, 38, 76};
        type.precision = kDigits[static_cast<size_t>(type.kind) - static_cast<size_t>(Kind::kDecimal32)];
        expect('('), type.scale = static_cast<uint32_t>(number()), expect(')');
        failed_ |= type.scale > type.precision;
        break;
      }
      case Kind::kEnum8:
      case Kind::kEnum16:
        expect('(');
        do {
          std::string symbol = quoted();
          expect('=');
          type.symbols.emplace_back(std::move(symbol), static_cast<int16_t>(number()));
        } while (!failed_ && take(','));
        expect(')');
        break;
      case Kind::kNullable:
      case Kind::kArray:
      case Kind::kLowCardinality: expect('('), type.children.push_back(parse(depth + 1)), expect(')'); break;
      case Kind::kMap:
        expect('('), type.children.push_back(parse(depth + 1)), expect(',');
        type.children.push_back(parse(depth + 1)), expect(')');
        break;
      default: break;
    }
    if (!failed_ && !allowed(type)) return fail();
    return failed_ ? Type{} : type;
  }
  Type parse_decimal() {
    expect('(');
    const int64_t precision = number();
    const int64_t scale = take(',') ? number() : 0;
    expect(')');
    if (failed_ || precision < 1 || precision > 76 || scale < 0 || scale > precision) return fail();
    return decimal(static_cast<uint32_t>(precision), static_cast<uint32_t>(scale));
  }
  static bool allowed(const Type& type) {
    if (type.kind == Kind::kNullable) {
      const Kind inner = type.children[0].kind;
      return inner != Kind::kNullable && inner != Kind::kArray && inner != Kind::kMap && inner != Kind::kLowCardinality;
    }
    if (type.kind != Kind::kLowCardinality) return true;
    const Type& inner = type.children[0];
    return inner.kind == Kind::kString || (inner.kind == Kind::kNullable && inner.children[0].kind == Kind::kString);
  }

  std::string_view text_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace

Type simple(Kind kind) {
  Type type;
  type.kind = kind;
  return type;
}
Type fixed_string(uint32_t size) {
  Type type = simple(Kind::kFixedString);
  type.size = size;
  return type;
}
Type date_time(std::string time_zone) {
  Type type = simple(Kind::kDateTime);
  type.time_zone = std::move(time_zone);
  return type;
}
Type date_time64(uint32_t precision, std::string time_zone) {
  Type type = simple(Kind::kDateTime64);
  type.precision = precision, type.time_zone = std::move(time_zone);
  return type;
}
Type decimal(uint32_t precision, uint32_t scale) {
  MILLRACE_CHECK(precision >= 1 && precision <= 76 && scale <= precision, "a decimal has 1 to 76 digits");
  Type type = simple(precision <= 9 ? Kind::kDecimal32 : precision <= 18 ? Kind::kDecimal64 : precision <= 38 ? Kind::kDecimal128 : Kind::kDecimal256);
  type.precision = precision, type.scale = scale;
  return type;
}
Type enumeration(const std::vector<std::string>& symbols) {
  Type type = simple(symbols.size() <= 128 ? Kind::kEnum8 : Kind::kEnum16);
  for (const auto& symbol : symbols) type.symbols.emplace_back(symbol, static_cast<int16_t>(type.symbols.size()));
  return type;
}
Type array(Type element) { return wrap(Kind::kArray, {std::move(element)}); }
Type map(Type key, Type value) { return wrap(Kind::kMap, {std::move(key), std::move(value)}); }
Type low_cardinality(Type element) { return wrap(Kind::kLowCardinality, {std::move(element)}); }
Type nullable(Type element) {
  if (element.kind == Kind::kLowCardinality) return low_cardinality(nullable(element.children[0]));
  if (element.kind == Kind::kNullable || element.kind == Kind::kArray || element.kind == Kind::kMap) return element;
  return wrap(Kind::kNullable, {std::move(element)});
}
bool is_nullable(const Type& type) { return type.kind == Kind::kNullable || (type.kind == Kind::kLowCardinality && type.children[0].kind == Kind::kNullable); }

uint32_t fixed_width(const Type& type) { return type.kind == Kind::kFixedString ? type.size : named(type.kind).width; }

uint32_t node_count(const Type& type) {
  if (type.kind == Kind::kLowCardinality) return 1;
  uint32_t count = 1;
  for (const Type& child : type.children) count += node_count(child);
  return count;
}

std::string quote_symbol(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "'";
}

std::string to_string(const Type& type) {
  std::string out(named(type.kind).name);
  switch (type.kind) {
    case Kind::kFixedString: return out + "(" + std::to_string(type.size) + ")";
    case Kind::kDateTime: return type.time_zone.empty() ? out : out + "(" + quote_symbol(type.time_zone) + ")";
    case Kind::kDateTime64: return out + "(" + std::to_string(type.precision) + (type.time_zone.empty() ? "" : ", " + quote_symbol(type.time_zone)) + ")";
    case Kind::kDecimal32:
    case Kind::kDecimal64:
    case Kind::kDecimal128:
    case Kind::kDecimal256: return "Decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case Kind::kEnum8:
    case Kind::kEnum16: {
      out += '(';
      for (const auto& [symbol, value] : type.symbols) out += (out.back() == '(' ? "" : ", ") + quote_symbol(symbol) + " = " + std::to_string(value);
      return out + ")";
    }
    default: break;
  }
  if (type.children.empty()) return out;
  out += '(' + to_string(type.children[0]);
  if (type.children.size() > 1) out += ", " + to_string(type.children[1]);
  return out + ")";
}

Result<Type> parse_type(std::string_view name) { return Parser(name).whole(); }

}  // namespace millrace::columns

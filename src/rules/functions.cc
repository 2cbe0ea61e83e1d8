#include "rules/functions.h"

#include <algorithm>
#include <array>

namespace millrace::rules {
namespace {

struct Bindings {
  std::array<std::optional<Type>, 3> types;  // T, K, V
  std::optional<Type>& of(char letter) { return types[letter == 'T' ? 0 : letter == 'K' ? 1 : 2]; }
};

// Splits "list(T), map(K, V)" at the commas outside of parentheses.
std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= pattern.size(); ++i) {
    if (i < pattern.size() && pattern[i] == '(') ++depth;
    if (i < pattern.size() && pattern[i] == ')') --depth;
    if (i < pattern.size() && (pattern[i] != ',' || depth > 0)) continue;
    parts.push_back(pattern.substr(begin, i - begin));
    begin = i + 2;
  }
  return parts;
}
std::string_view inside(std::string_view pattern) {  // of list(…) and map(…)
  const size_t open = pattern.find('(');
  return pattern.substr(open + 1, pattern.size() - open - 2);
}

constexpr std::pair<std::string_view, TypeKind> kSimple[] = {
    {"bool", TypeKind::kBool},           {"int", TypeKind::kInt},           {"uint", TypeKind::kUint},
    {"double", TypeKind::kDouble},       {"string", TypeKind::kString},     {"bytes", TypeKind::kBytes},
    {"timestamp", TypeKind::kTimestamp}, {"duration", TypeKind::kDuration}, {"decimal", TypeKind::kDecimal}};

TypeKind simple_kind(std::string_view pattern) {
  const auto it = std::find_if(std::begin(kSimple), std::end(kSimple), [&](const auto& s) { return s.first == pattern; });
  return it == std::end(kSimple) ? TypeKind::kError : it->second;
}

bool fits(std::string_view pattern, const Type& type, Bindings& bindings) {
  if (type.is(TypeKind::kError) || type.is(TypeKind::kNever)) return true;
  if (pattern.size() == 1) {
    auto& bound = bindings.of(pattern[0]);
    auto joined = bound ? join(*bound, type) : std::optional(type);
    return joined ? (bound = std::move(joined), true) : false;
  }
  if (type.nullable) return false;
  if (pattern.starts_with("list(")) return type.is(TypeKind::kList) && fits(inside(pattern), type.children[0], bindings);
  if (pattern.starts_with("map(")) {
    const auto parts = split(inside(pattern));
    return type.is(TypeKind::kMap) && fits(parts[0], type.children[0], bindings) && fits(parts[1], type.children[1], bindings);
  }
  return simple_kind(pattern) == type.kind;
}

Type result(std::string_view pattern, Bindings& bindings) {
  if (pattern.size() == 1) return bindings.of(pattern[0]).value_or(simple(TypeKind::kNever));
  if (pattern.starts_with("list(")) return list(result(inside(pattern), bindings));
  return simple(simple_kind(pattern));
}

}  // namespace

std::optional<Type> match(const Overload& overload, std::span<const Type> arguments) {
  const auto patterns = split(overload.takes);
  if (patterns.size() != arguments.size()) return std::nullopt;
  Bindings bindings;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (arguments[i].nullable || !fits(patterns[i], arguments[i], bindings)) return std::nullopt;
  }
  return result(overload.gives, bindings);
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names = {"has", "all", "exists", "exists_one", "map", "filter", "lookup", "orValue"};
  for (const Overload& overload : overloads()) {
    if (overload.style != 'o' && names.back() != overload.name) names.push_back(overload.name);
  }
  return names;
}

std::string_view refusal(std::string_view function) {
  static constexpr std::pair<std::string_view, std::string_view> kRefusals[] = {
      {"dyn", "there is no dyn: every value has one type, known before a rule runs"},
      {"type", "types aren't values here: every value has one type, known before a rule runs"},
      {"now", "there is no clock in rules: the same event gives the same output whenever it is read; take a time out of the event"},
      {"random", "there is no chance in rules: the same event gives the same output whenever it is read; take a part by sha256 of a key"},
      {"format", "format isn't supported: join texts with + and string(x)"},
      {"quote", "strings.quote isn't supported"},
      {"optional", "optional values aren't supported: has(a.b), a.b != null or a.b.orValue(…)"},
      {"or", "optional values aren't supported: a || b is 'or'; a.orValue(b) replaces null"},
      {"hasValue", "optional values aren't supported: write x != null"},
      {"value", "optional values aren't supported: guard with x != null, or x.orValue(…)"},
      {"optMap", "optional values aren't supported: write x != null ? … : null"},
      {"optFlatMap", "optional values aren't supported: write x != null ? … : null"},
      {"bind", "cel.bind isn't supported: set a derived field and use it in the next rule"},
      {"greatest", "math.greatest isn't supported: a > b ? a : b"},
      {"least", "math.least isn't supported: a < b ? a : b"},
      {"sort", "lists aren't sorted here"},
      {"toString", "conversions are functions: string(x)"},
      {"length", "length is size(x)"},
      {"len", "length is size(x)"},
      {"lower", "lower case is x.lowerAscii()"},
      {"upper", "upper case is x.upperAscii()"}};
  const auto it = std::find_if(std::begin(kRefusals), std::end(kRefusals), [&](const auto& r) { return r.first == function; });
  return it == std::end(kRefusals) ? std::string_view() : it->second;
}

std::string describe(const Overload& overload) {
  const auto parts = split(overload.takes);
  const std::string first(parts[0]), name(overload.name);
  if (overload.style == 'o')
    return parts.size() == 1 ? (name == "neg" ? "-" : name) + first
           : name == "[]"    ? first + "[" + std::string(parts[1]) + "]"
                             : first + " " + name + " " + std::string(parts[1]);
  if (overload.style != 'm') return name + "(" + std::string(overload.takes) + ")";
  return first + "." + name + "(" + (parts.size() == 1 ? "" : std::string(overload.takes.substr(first.size() + 2))) + ")";
}

}  // namespace millrace::rules

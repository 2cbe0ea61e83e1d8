#include "rules/checker.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "rules/constant_folding.h"
#include "rules/parser.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

using columns::Kind;

Environment environment() {
  const auto text = columns::simple(Kind::kString);
  const std::vector<columns::NamedType> columns = {{"id", columns::simple(Kind::kUuid)},
                                                   {"amount", columns::decimal(10, 2)},
                                                   {"discount", columns::nullable(columns::decimal(6, 3))},
                                                   {"quantity", columns::simple(Kind::kInt32)},
                                                   {"views", columns::simple(Kind::kUInt64)},
                                                   {"score", columns::simple(Kind::kFloat64)},
                                                   {"paid", columns::simple(Kind::kBool)},
                                                   {"note", columns::nullable(text)},
                                                   {"status", columns::low_cardinality(text)},
                                                   {"address.city", text},
                                                   {"address.geo.lat", columns::nullable(columns::simple(Kind::kFloat64))},
                                                   {"address.zip", columns::nullable(text)},
                                                   {"tags", columns::array(text)},
                                                   {"grades", columns::array(columns::nullable(columns::simple(Kind::kInt64)))},
                                                   {"labels", columns::map(text, text)},
                                                   {"at", columns::date_time64(3)},
                                                   {"raw", text},
                                                   {"code", columns::fixed_string(4)},
                                                   {"huge", columns::simple(Kind::kInt256)},
                                                   {"wide", columns::decimal(60, 10)},
                                                   {"n", columns::nullable(columns::simple(Kind::kInt64))},
                                                   {"package", text}};
  const std::vector<std::string> bytes = {"raw"};
  Environment environment{record_of("order.created", columns, bytes), {}};
  auto row = std::make_shared<Record>();
  row->name = "plans";
  row->fields = {{"price", nullable(decimal(8, 2)), 0}, {"label", nullable(simple(TypeKind::kString)), 1}};
  environment.tables.push_back({"plans", simple(TypeKind::kString), row});
  return environment;
}

std::expected<Checked, Diagnostics> checked(std::string_view source, const CheckOptions& options = {}) {
  static const Environment kEnvironment = environment();
  auto ast = parse(source);
  if (!ast) return std::unexpected(ast.error());
  return check(std::move(*ast), kEnvironment, options);
}
std::string type(std::string_view source) {
  const auto result = checked(source);
  return result ? to_string(result->type()) : to_string(result.error(), source);
}
std::string folded(std::string_view source) {
  const auto result = checked(source);
  return result ? unparse(result->ast) : to_string(result.error(), source);
}
std::string condition(std::string_view source) {
  const auto result = checked(source, {.wanted = TypeKind::kBool});
  return result ? to_string(result->type()) : to_string(result.error(), source);
}

TEST(Checker, KnowsTheTypesOfFieldsAndLiterals) {
  EXPECT_EQ(type("id"), "string");
  EXPECT_EQ(type("amount"), "decimal(10, 2)");
  EXPECT_EQ(type("note"), "nullable string");
  EXPECT_EQ(type("address.geo.lat"), "nullable double");
  EXPECT_EQ(type("grades"), "list(nullable int)");
  EXPECT_EQ(type("labels.color"), "string");
  EXPECT_EQ(type("raw"), "bytes");
  EXPECT_EQ(type("code"), "bytes");
  EXPECT_EQ(type(".package"), "string");
  EXPECT_EQ(type("[1, null]"), "list(nullable int)");
  EXPECT_EQ(type("{'a': [1u]}"), "map(string, list(uint))");
  EXPECT_EQ(type("[] + tags"), "list(string)");
  const auto result = checked("address.city");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->resolved[result->ast.root()].column, 9);
}
TEST(Checker, SaysWhereWhatAndWhatWouldBeRight) {
  EXPECT_EQ(type("quantity > 0 &&\n  amuont > 5"), "2:3: order.created has no field 'amuont'; did you mean 'amount'?");
  EXPECT_EQ(type("address.ctiy == 'x'"), "1:9: order.created.address has no field 'ctiy'; did you mean 'city'?");
  EXPECT_EQ(type("status.startWith('a')"), "1:8: there is no function 'startWith'; did you mean 'startsWith'?");
  EXPECT_EQ(type("status.startsWith(1)"), "1:8: startsWith is called as string.startsWith(string); here as string.startsWith(int)");
  EXPECT_EQ(type("startsWith(status, 'a')"), "1:1: startsWith is called as string.startsWith(string); here as startsWith(string, string)");
  EXPECT_EQ(type("1 + 1u"), "1:3: '+' has no meaning for int and uint: convert one of them");
  EXPECT_EQ(type("status == 1"), "1:8: '==' compares values of one type; these are string and int: convert one of them");
  EXPECT_EQ(type("'a' in status"), "1:8: 'in' looks into a list or a map's keys; this is string: a part of a text is text.contains(part)");
  EXPECT_EQ(type("[1, 'a']"), "1:5: a list holds values of one type: this is string after int");
  EXPECT_EQ(type("paid ? 1 : 'a'"), "1:6: both values of ?: are of one type; these are int and string");
  EXPECT_EQ(type("huge > 1"), "1:1: 'huge' has a type that rules can't read: an integer of more than 64 bits");
  EXPECT_EQ(type("size > 1"), "1:1: 'size' is a function: call it with (…)");
  EXPECT_EQ(condition("quantity"), "1:1: bool is wanted here; this is int");
  EXPECT_EQ(type("status.matches(note)").substr(0, 5), "1:16:");
  EXPECT_EQ(type("status.matches(id)"), "1:16: this argument of matches is a literal, so that it is looked at once and not for each row");
}
TEST(Checker, TellsAllErrorsAtOnceAndEachOnce) {
  EXPECT_EQ(type("amuont > 5 && statsu == 'x' || quantity + 'a' > 1"),
            "1:1: order.created has no field 'amuont'; did you mean 'amount'?\n"
            "1:15: order.created has no field 'statsu'; did you mean 'status'?\n"
            "1:41: '+' has no meaning for int and string: convert one of them");
  EXPECT_EQ(type("foo(bar(baz))").find('\n'), std::string::npos);
}
TEST(Checker, RefusesWhatRulesDontHave) {
  EXPECT_EQ(type("dyn(1)"), "1:1: there is no dyn: every value has one type, known before a rule runs");
  EXPECT_NE(type("now()").find("there is no clock"), std::string::npos);
  EXPECT_EQ(type("math.greatest(1, 2)"), "1:6: math.greatest isn't supported: a > b ? a : b");
  EXPECT_NE(type("optional.of(1)").find("1:1: "), std::string::npos);
}
TEST(Checker, WantsNullGuarded) {
  EXPECT_EQ(type("note.size() > 3"),
            "1:1: 'size' takes no null, and note may be null: guard it (note != null && …) or give a value for null (note.orValue(…))");
  EXPECT_EQ(type("has(note) && note.size() > 3"), "bool");
  EXPECT_EQ(type("note != null && note.size() > 3"), "bool");
  EXPECT_EQ(type("note == null || note.size() > 3"), "bool");
  EXPECT_EQ(type("!(note == null) && note.size() > 3"), "bool");
  EXPECT_EQ(type("!has(note) || note.size() > 3"), "bool");
  EXPECT_EQ(type("note == 'x' && note.size() > 3"), "bool");
  EXPECT_EQ(type("note != null ? note.size() : 0"), "int");
  EXPECT_EQ(type("note.orValue('').size()"), "int");
  EXPECT_EQ(type("n.orValue(0) + 1"), "int");
  EXPECT_EQ(type("has(address.zip) && address.zip.startsWith('1')"), "bool");
  EXPECT_EQ(type("(note != null && paid) || note.size() > 1").substr(0, 5), "1:27:");
  EXPECT_EQ(type("(note != null || paid) && note.size() > 1").substr(0, 5), "1:27:");
  EXPECT_EQ(type("note.size() > 1 && note != null").substr(0, 4), "1:1:");
  EXPECT_EQ(type("(note != null ? paid : false) && note.size() > 1").substr(0, 5), "1:34:");
  EXPECT_EQ(type("note != null ? note : 'x'"), "string");
  EXPECT_EQ(type("note != null ? 'x' : note"), "nullable string");
  EXPECT_EQ(type("note == 'x'"), "bool");  // null equals null alone
  EXPECT_EQ(type("note in ['x']"), "bool");
  EXPECT_EQ(condition("n > 1").substr(0, 4), "1:1:");
  EXPECT_EQ(type("grades.all(g, g > 1)").substr(0, 5), "1:15:");
  EXPECT_EQ(type("grades.all(g, g != null && g > 1)"), "bool");
  EXPECT_EQ(type("grades.filter(g, g != null).map(g, g + 1)"), "list(int)");
  EXPECT_EQ(type("grades.map(g, g != null, g + 1)"), "list(int)");
  EXPECT_EQ(type("grades[0] != null && grades[0] > 1"), "bool");
  EXPECT_EQ(type("grades[0] != null && grades[1] > 1").substr(0, 5), "1:22:");
  EXPECT_EQ(type("grades[quantity] != null && grades[quantity] > 1"), "bool");
  EXPECT_EQ(type("n != null && tags.all(n, n == 'a')"), "bool");
  EXPECT_EQ(type("n != null && grades.all(n, n > 1)").substr(0, 5), "1:28:");  // another n
  EXPECT_EQ(type("n != null && grades.exists(x, n + 1 > 1)"), "bool");
  EXPECT_EQ(folded("has(status)"), "true");
  EXPECT_EQ(type("has(address)"), "1:5: order.created.address is a record, which has no null of its own: ask for one of its fields");
}
TEST(Checker, KeepsDecimalsExact) {
  EXPECT_EQ(type("amount + 1"), "decimal(11, 2)");
  EXPECT_EQ(type("amount * 1.19"), "decimal(13, 4)");
  EXPECT_EQ(type("amount * quantity"), "decimal(29, 2)");
  EXPECT_EQ(type("amount - decimal('0.125')"), "decimal(12, 3)");
  EXPECT_EQ(type("-amount"), "decimal(10, 2)");
  EXPECT_EQ(type("amount > 100"), "bool");
  EXPECT_EQ(type("amount == 99.90"), "bool");
  EXPECT_EQ(type("amount in [1.5, 2.25]"), "bool");
  EXPECT_EQ(type("discount.orValue(0.0)"), "decimal(6, 3)");
  EXPECT_EQ(type("amount * score"), "1:8: '*' doesn't mix exact decimals with doubles: double(x) or decimal(x, scale)");
  EXPECT_EQ(type("amount * (1.0 + 0.19)"), "1:8: '*' doesn't mix exact decimals with doubles: double(x) or decimal(x, scale)");
  EXPECT_EQ(type("amount / 3"), "1:8: decimals have no exact quotient: divide(a, b, scale) says how many digits it keeps");
  EXPECT_EQ(type("divide(amount, 3, 2)"), "decimal(38, 2)");
  EXPECT_EQ(type("divide(amount, 0, 2)"), "1:1: this divides by zero");
  EXPECT_EQ(type("decimal(score, 2)"), "decimal(38, 2)");
  EXPECT_EQ(type("decimal(amount, 0)"), "decimal(9, 0)");
  EXPECT_EQ(type("decimal('1e3')"), "decimal(4, 0)");
  EXPECT_EQ(type("decimal('x')"), "1:1: 'x' is no decimal: '12.50', with at most 38 digits");
  EXPECT_EQ(type("wide > 1"), "bool");
  EXPECT_NE(type("wide + 1").find("more than 38 digits"), std::string::npos);
  EXPECT_EQ(type("double(amount) * score"), "double");
}
TEST(Checker, KnowsReferenceTables) {
  EXPECT_EQ(type("lookup('plans', status).price"), "nullable decimal(8, 2)");
  EXPECT_EQ(type("lookup('plans', status).label != null ? lookup('plans', status).label.size() : 0"), "int");
  EXPECT_EQ(type("lookup('plans', note).price.orValue(0)"), "decimal(8, 2)");
  EXPECT_EQ(type("lookup('plan', status).price"), "1:8: there is no reference table 'plan'; did you mean 'plans'?");
  EXPECT_EQ(type("lookup('plans', 1).price"), "1:17: the key of 'plans' is string; this is int");
  EXPECT_EQ(type("lookup('plans', status).prize"), "1:25: plans has no field 'prize'; did you mean 'price'?");
}
TEST(Checker, TakesEveryFunctionOfTheTable) {
  EXPECT_EQ(type("at - duration('1h') > timestamp('2026-01-01T00:00:00Z')"), "bool");
  EXPECT_EQ(type("at.getHours('Europe/Berlin')"), "int");
  EXPECT_EQ(type("tags.join(',').split(',', 2)[0].upperAscii()"), "string");
  EXPECT_EQ(type("sha256(raw) + hmac(id) + mask(status, 4) + truncate(status, 3)"), "string");
  EXPECT_EQ(type("url_host(status) + url_path(status) + url_query(status, 'q')"), "string");
  EXPECT_EQ(type("labels.exists(k, labels[k] == 'x') && 'a' in labels"), "bool");
  EXPECT_EQ(type("1 < 2.5 && 1u < 2 && views >= 1.0"), "bool");
  std::set<std::string_view> ids;
  for (const Overload& overload : overloads()) {
    EXPECT_TRUE(ids.insert(overload.id).second) << overload.id;
    EXPECT_NE(describe(overload), "");
    EXPECT_TRUE(std::any_of(overloads_of(overload.name).begin(), overloads_of(overload.name).end(), [&](const Overload& o) { return o.id == overload.id; }))
        << overload.id;
  }
}
TEST(Fold, WorksConstantsOut) {
  EXPECT_EQ(folded("quantity > 2 * 3 + 1"), "quantity > 7");
  EXPECT_EQ(folded("at - duration('1h30m') < at"), "at - duration(\"5400000000000ns\") < at");
  EXPECT_EQ(folded("status == 'a' + 'b'"), "status == \"ab\"");
  EXPECT_EQ(folded("!(1 < 2) || 'abc'.contains('b')"), "true");
  EXPECT_EQ(folded("int('12') - -3 + size('\u00e9a')"), "17");
  EXPECT_EQ(folded("-7 / 2 == -3 && -7 % 2 == -1"), "true");  // towards zero, as CEL
  EXPECT_EQ(folded("0.1 + 0.2"), "0.30000000000000004");
  EXPECT_EQ(folded("1.0 / 0.0"), "1.0 / 0.0");
}
TEST(Fold, RefusesWhatFailsOnEveryRow) {
  EXPECT_EQ(type("quantity / 0"), "1:1: this divides by zero");
  EXPECT_EQ(type("quantity % (1 - 1)"), "1:1: this divides by zero");
  EXPECT_EQ(type("9223372036854775807 + 1"), "1:1: the result doesn't fit into an int: 64 bits, -9223372036854775808 to 9223372036854775807");
  EXPECT_NE(type("-9223372036854775808 / -1").find("doesn't fit"), std::string::npos);
  EXPECT_NE(type("-(-9223372036854775808)").find("doesn't fit"), std::string::npos);
  EXPECT_NE(type("0u - 1u").find("doesn't fit into a uint"), std::string::npos);
  EXPECT_NE(type("uint(-1)").find("doesn't fit into a uint"), std::string::npos);
  EXPECT_EQ(type("duration('1x')"), "1:1: '1x' is no duration: '1h30m', '1.5s', '250ms'; at most 292 years");
  EXPECT_EQ(type("timestamp('2026-02-29T00:00:00Z')"), "1:1: '2026-02-29T00:00:00Z' is no timestamp: '2026-01-31T23:59:59Z'");
  EXPECT_EQ(type("int('a')"), "1:1: 'a' is no int");
}
TEST(Fold, ReadsDurationsAsGoDoes) {
  EXPECT_EQ(parse_duration("1h2m3.5s"), 3'723'500'000'000);
  EXPECT_EQ(parse_duration("-1.5ms"), -1'500'000);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("100us1ns"), 100'001);
  for (const char* wrong : {"", "1", "s", "1h-1m", "1d", ".s", "9999999h", "99999999999999999999s"}) EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  EXPECT_TRUE(is_timestamp("2024-02-29T23:59:59.123456789+05:30"));
  for (const char* wrong : {"2024-02-29", "2024-02-29T24:00:00Z", "0000-01-01T00:00:00Z", "2024-02-29T00:00:00", "2024-02-29T00:00:00.Z"})
    EXPECT_FALSE(is_timestamp(wrong)) << wrong;
}
TEST(Checker, EndsSoonOnHostileTrees) {
  EXPECT_NE(type("tags.map(a, tags.map(b, tags.map(c, tags.map(d, d))))").find("more than 3 macros"), std::string::npos);
  std::string deep = "n", wide = "n != null", chain = "tags", mistakes = "x0";
  for (int i = 0; i < 90; ++i) deep = "[" + deep + "]";
  for (int i = 0; i < 1000; ++i) wide += i % 2 == 0 ? " || n == 1" : " && has(n)", mistakes += " || x" + std::to_string(i);
  for (int i = 0; i < 180; ++i) chain += ".map(a, [a])";
  std::string conditional = "paid";
  for (int i = 0; i < 60; ++i) conditional = "(" + conditional + " ? n != null && paid : n == " + std::to_string(i) + " && paid)";
  EXPECT_EQ(type(conditional), "bool");
  EXPECT_NE(type(deep), "");
  EXPECT_EQ(type(wide), "bool");
  EXPECT_NE(type(chain), "");
  const auto many = checked(mistakes);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().size(), 20u);
}
TEST(Checker, AnswersForAnyTreeOfTokens) {
  std::mt19937 random(11);
  const std::vector<std::string> tokens = {"amount",
                                           "n",
                                           "note",
                                           "tags",
                                           "labels",
                                           "1",
                                           "1.5",
                                           "0",
                                           "2u",
                                           "'s'",
                                           "null",
                                           "true",
                                           "&&",
                                           "||",
                                           "==",
                                           "!=",
                                           "<",
                                           "in",
                                           "+",
                                           "-",
                                           "*",
                                           "/",
                                           "%",
                                           "?",
                                           ":",
                                           "(",
                                           ")",
                                           "[",
                                           "]",
                                           ".size()",
                                           ".orValue(",
                                           "has(n)",
                                           "tags.all(t, t",
                                           "address",
                                           ".city",
                                           "lookup('plans',",
                                           ")",
                                           "!",
                                           "decimal('1.5')",
                                           "duration('1s')",
                                           "at",
                                           "{",
                                           "}",
                                           ",",
                                           "string("};
  int fine = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string source;
    for (size_t k = 1 + random() % 7; k > 0; --k) source += tokens[random() % tokens.size()] + " ";
    auto ast = parse(source);
    if (!ast) continue;
    const auto result = checked(source);
    if (!result) {
      EXPECT_FALSE(result.error().empty()) << source;
      continue;
    }
    ++fine;
    EXPECT_FALSE(result->type().is(TypeKind::kError)) << source;  // no error is swallowed
    const std::string again = unparse(result->ast);
    EXPECT_TRUE(parse(again).has_value()) << source << " → " << again;
  }
  EXPECT_GT(fine, 500);
}

}  // namespace
}  // namespace millrace::rules

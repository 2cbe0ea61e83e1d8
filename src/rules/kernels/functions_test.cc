// What operators and functions give; expected values are those of cel-spec's text and conformance tests, and of docs/rules.md.
#include <gtest/gtest.h>

#include "rules/kernels/evaluate_testing.h"

namespace millrace::rules {
namespace {

using columns::Kind;

// The literals are fields of one row, so that nothing is folded and the kernels see them.
class Functions : public ::testing::Test {
 protected:
  Functions()
      : bench({{"i", columns::simple(Kind::kInt64)},
               {"zero", columns::simple(Kind::kInt64)},
               {"least", columns::simple(Kind::kInt64)},
               {"most", columns::simple(Kind::kInt64)},
               {"u", columns::simple(Kind::kUInt64)},
               {"d", columns::simple(Kind::kFloat64)},
               {"b", columns::simple(Kind::kBool)},
               {"s", columns::simple(Kind::kString)},
               {"empty", columns::simple(Kind::kString)},
               {"word", columns::simple(Kind::kString)},
               {"amount", columns::decimal(10, 2)},
               {"big", columns::decimal(38, 0)},
               {"at", columns::date_time64(9)},
               {"none", columns::nullable(columns::simple(Kind::kString))},
               {"raw", columns::simple(Kind::kString)}},
              {"raw"}) {
    auto& block = bench.block;
    block.column(0).append<int64_t>(7), block.column(1).append<int64_t>(0), block.column(2).append<int64_t>(INT64_MIN),
        block.column(3).append<int64_t>(INT64_MAX);
    block.column(4).append<uint64_t>(18446744073709551615U), block.column(5).append(2.5), block.column(6).append<uint8_t>(1);
    block.column(7).append_text("Grüße, Ωmega"), block.column(8).append_text(""), block.column(9).append_text("tacocat");
    block.column(10).append<int64_t>(1250);
    Int128 most = power_of_ten(38) - 1;
    block.column(11).append(most);
    block.column(12).append<int64_t>(1234567890123456789);  // 2009-02-13T23:31:30.123456789Z
    block.column(13).append_null(), block.column(14).append_text("a\xFF");
    block.end_row();
  }
  std::string one(std::string_view source) { return bench.one(source); }
  testing::Bench bench;
};

TEST_F(Functions, WholeNumbersFailInsteadOfWrappingRound) {
  EXPECT_EQ(one("i + 5"), "12");
  EXPECT_EQ(one("most + i"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("least - i"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("most * i"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("-least"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("least / (zero - 1)"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("u + 1u"), "! the result doesn't fit into a uint (64 bits)");
  EXPECT_EQ(one("i / zero"), "! division by zero");
  EXPECT_EQ(one("i % zero"), "! division by zero");
  EXPECT_EQ(one("(zero - 7) / 2"), "-3");
  EXPECT_EQ(one("(zero - 7) % 2"), "-1");
  EXPECT_EQ(one("d / 0.0"), "double(\"+Inf\")");
}
TEST_F(Functions, NumbersOfDifferentTypesAreOrderedAsTheNumbersTheyAre) {
  EXPECT_EQ(one("i < u"), "true");
  EXPECT_EQ(one("least < u"), "true");
  EXPECT_EQ(one("most < 9223372036854775807.0"), "true") << "the double is 2^63";
  EXPECT_EQ(one("u < 18446744073709551616.0"), "true");
  EXPECT_EQ(one("d >= i"), "false");
  EXPECT_EQ(one("i < double('NaN')"), "false");
}
TEST_F(Functions, ConversionsFailWhereAValueDoesntFit) {
  EXPECT_EQ(one("int(d)"), "2");
  EXPECT_EQ(one("int(-d)"), "-2");
  EXPECT_EQ(one("int(u)"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("uint(least)"), "! the result doesn't fit into a uint (64 bits)");
  EXPECT_EQ(one("int(1e19 * d)"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("int(s)"), "! this is no such number");
  EXPECT_EQ(one("int('-' + string(i))"), "-7");
  EXPECT_EQ(one("double('1.5e3' + empty)"), "1500.0");
  EXPECT_EQ(one("bool('True' + empty)"), "true");
  EXPECT_EQ(one("bool(s)"), "! this is no bool");
  EXPECT_EQ(one("string(raw)"), "! these bytes are no UTF-8");
  EXPECT_EQ(one("string(bytes(s)) == s"), "true");
  EXPECT_EQ(one("int(at)"), "1234567890");
  EXPECT_EQ(one("timestamp(i)"), "timestamp(\"1970-01-01T00:00:07Z\")");
  EXPECT_EQ(one("timestamp(most)"), "! the result isn't within the years 1 to 9999");
}
TEST_F(Functions, NumbersAreWrittenAsGoDoes) {
  EXPECT_EQ(one("string(d)"), "\"2.5\"");
  EXPECT_EQ(one("string(d * 2.0)"), "\"5\"");
  EXPECT_EQ(one("string(d * 40000.0)"), "\"100000\"");
  EXPECT_EQ(one("string(d * 400000.0)"), "\"1e+06\"");
  EXPECT_EQ(one("string(d / 100000.0)"), "\"2.5e-05\"");
  EXPECT_EQ(one("string(d / 8.0)"), "\"0.3125\"");
  EXPECT_EQ(one("string(least)"), "\"-9223372036854775808\"");
  EXPECT_EQ(one("string(amount)"), "\"12.50\"");
  EXPECT_EQ(one("string(at)"), "\"2009-02-13T23:31:30.123456789Z\"");
  EXPECT_EQ(one("string(duration(string(i) + 'm') + duration('1.5s'))"), "\"421.5s\"");
}
TEST_F(Functions, TextsCountCodePoints) {
  EXPECT_EQ(one("size(s)"), "12");
  EXPECT_EQ(one("size(bytes(s))"), "15");
  EXPECT_EQ(one("s.charAt(2)"), "\"ü\"");
  EXPECT_EQ(one("word.charAt(7)"), "\"\"");
  EXPECT_EQ(one("word.charAt(8)"), "! the position is outside of the text");
  EXPECT_EQ(one("s.substring(7)"), "\"Ωmega\"");
  EXPECT_EQ(one("s.substring(0, 4)"), "\"Grüß\"");
  EXPECT_EQ(one("s.substring(5, 4)"), "! the position is outside of the text");
  EXPECT_EQ(one("s.substring(13)"), "! the position is outside of the text");
  EXPECT_EQ(one("s.indexOf('Ω')"), "7");
  EXPECT_EQ(one("word.indexOf('c', 3)"), "4");
  EXPECT_EQ(one("word.indexOf('')"), "0");
  EXPECT_EQ(one("word.lastIndexOf('c')"), "4");
  EXPECT_EQ(one("word.lastIndexOf('c', 3)"), "2");
  EXPECT_EQ(one("word.lastIndexOf('')"), "7");
  EXPECT_EQ(one("s.reverse()"), "\"agemΩ ,eßürG\"");
  EXPECT_EQ(one("mask(s)"), "\"************\"");
  EXPECT_EQ(one("mask(s, 5)"), "\"*******Ωmega\"");
  EXPECT_EQ(one("mask(word, 50)"), "\"tacocat\"");
  EXPECT_EQ(one("truncate(s, 3)"), "\"Grü\"");
  EXPECT_EQ(one("truncate(s, -1 + zero)"), "! a number of characters is negative");
}
TEST_F(Functions, TextsAreChangedAsInCelsStringsExtension) {
  EXPECT_EQ(one("s.upperAscii()"), "\"GRüßE, ΩMEGA\"");
  EXPECT_EQ(one("word.replace('c', 'CC')"), "\"taCCoCCat\"");
  EXPECT_EQ(one("word.replace('c', 'x', 1)"), "\"taxocat\"");
  EXPECT_EQ(one("word.replace('', '-', 2)"), "\"-t-acocat\"");
  EXPECT_EQ(one("word.replace('', '-')"), "\"-t-a-c-o-c-a-t-\"");
  EXPECT_EQ(one("('a,b,' + empty).split(',')"), "[\"a\", \"b\", \"\"]");
  EXPECT_EQ(one("('a,b,c' + empty).split(',', 2)"), "[\"a\", \"b,c\"]");
  EXPECT_EQ(one("word.split(',', 0)"), "[]");
  EXPECT_EQ(one("word.split('')"), "[\"t\", \"a\", \"c\", \"o\", \"c\", \"a\", \"t\"]");
  EXPECT_EQ(one("[word, 'x', empty].join('-')"), "\"tacocat-x-\"");
  EXPECT_EQ(one("(' \\t\\u00a0' + word + ' \\n').trim()"), "\"tacocat\"");
  EXPECT_EQ(one("word.contains('oca') && word.startsWith('ta') && word.endsWith('at')"), "true");
  EXPECT_EQ(one("word.matches('^t.*c') && !word.matches('^a')"), "true");
  EXPECT_EQ(one("word + empty + 'x'"), "\"tacocatx\"");
}
TEST_F(Functions, UrlsComeApart) {
  const std::string url = "('https://user@Shop.example:8080/a/b?x=1&q=a%20b+c&x=2#top' + empty)";
  EXPECT_EQ(one("url_host(" + url + ")"), "\"Shop.example\"");
  EXPECT_EQ(one("url_path(" + url + ")"), "\"/a/b\"");
  EXPECT_EQ(one("url_query(" + url + ")"), "\"x=1&q=a%20b+c&x=2\"");
  EXPECT_EQ(one("url_query(" + url + ", 'x')"), "\"1\"");
  EXPECT_EQ(one("url_query(" + url + ", 'q')"), "\"a b c\"");
  EXPECT_EQ(one("url_query(" + url + ", 'z')"), "\"\"");
  EXPECT_EQ(one("url_host('http://[::1]:80/' + empty)"), "\"[::1]\"");
  EXPECT_EQ(one("url_path('/only/path?x' + empty)"), "\"/only/path\"");
  EXPECT_EQ(one("url_host(word)"), "\"\"");
}
// FIPS 180-4's and RFC 4231's examples.
TEST_F(Functions, DigestsAreThoseOfTheStandards) {
  EXPECT_EQ(one("sha256('abc' + empty)"), "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
  EXPECT_EQ(one("sha256(empty)"), "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"");
  EXPECT_EQ(bench.run("hmac('what do ya want for nothing?')", "Jefe")[0], "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"");
  EXPECT_EQ(bench.run("hmac('Test Using Larger Than Block-Size Key - Hash Key First')", std::string(131, '\xaa'))[0],
            "\"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54\"");
}
TEST_F(Functions, TimesComeApartInTheirZone) {
  EXPECT_EQ(one("[at.getFullYear(), at.getMonth(), at.getDate(), at.getDayOfMonth(), at.getDayOfWeek(), at.getDayOfYear()]"), "[2009, 1, 13, 12, 5, 43]");
  EXPECT_EQ(one("[at.getHours(), at.getMinutes(), at.getSeconds(), at.getMilliseconds()]"), "[23, 31, 30, 123]");
  EXPECT_EQ(one("[at.getDate('Europe/Berlin'), at.getHours('Europe/Berlin'), at.getHours('-05:30'), at.getMinutes('-05:30')]"), "[14, 0, 18, 1]");
  EXPECT_EQ(one("(at + duration('4800h')).getHours('Europe/Berlin')"), "1") << "summer time";
  EXPECT_EQ(one("at - timestamp('2009-02-13T23:31:00Z')"), "duration(\"30.123456789s\")");
  EXPECT_EQ(one("timestamp('0001-01-01T00:00:00Z') - duration(string(i) + 's')"), "! the result isn't within the years 1 to 9999");
  EXPECT_EQ(one("timestamp('9999-12-31T23:59:59Z') - (at - duration('1000000h'))"), "! the result doesn't fit into a duration (292 years)");
  EXPECT_EQ(one("[duration(string(i) + 'h30m').getHours(), duration(string(i) + 'h').getMinutes(), duration(string(i) + '.25s').getMilliseconds()]"),
            "[7, 420, 250]");
  EXPECT_EQ(one("timestamp(word)"), "! this is no timestamp");
  EXPECT_EQ(one("duration(word)"), "! this is no duration");
}
TEST_F(Functions, DecimalsAreExact) {
  EXPECT_EQ(one("amount + 0.005"), "12.505");
  EXPECT_EQ(one("amount * 1.19"), "14.8750");
  EXPECT_EQ(one("amount - i"), "5.50");
  EXPECT_EQ(one("-amount"), "-12.50");
  EXPECT_EQ(one("amount == 12.5 && amount < 12.501 && amount >= 12"), "true");
  EXPECT_EQ(one("divide(amount, 3, 4)"), "4.1667");
  EXPECT_EQ(one("divide(amount, zero, 4)"), "! division by zero");
  EXPECT_EQ(one("[decimal(amount * 0.1, 1), decimal(amount * 0.3, 2), decimal(d, 0)]"), "[1.20, 3.75, 2.00]") << "half to even: 1.25, 3.750, 2.5";
  EXPECT_EQ(one("decimal(d * 1.07, 3)"), "2.675");
  EXPECT_EQ(one("decimal('2.67500000001' + empty, 2)"), "2.68");
  EXPECT_EQ(one("big + 1"), "! the result doesn't fit into the decimal's digits");
  EXPECT_EQ(one("big * 2"), "! the result doesn't fit into the decimal's digits");
  EXPECT_EQ(one("big + 0.5 - 0.5 == big"), "! the result doesn't fit into the decimal's digits");
  EXPECT_EQ(one("big > amount && amount < big"), "true");
  EXPECT_EQ(one("int(amount)"), "12");
  EXPECT_EQ(one("int(big)"), "! the result doesn't fit into an int (64 bits)");
  EXPECT_EQ(one("double(amount)"), "12.5");
  EXPECT_EQ(one("amount in [1.5, 12.5]"), "true");
  EXPECT_EQ(one("b ? amount : 0.125"), "12.500");
}
TEST_F(Functions, ListsAndMapsAreAskedByValue) {
  EXPECT_EQ(one("[i, 2] + [3]"), "[7, 2, 3]");
  EXPECT_EQ(one("[i, 2][1]"), "2");
  EXPECT_EQ(one("[i, 2][2 + zero]"), "! the index is outside of the list");
  EXPECT_EQ(one("{'a': i}['a']"), "7");
  EXPECT_EQ(one("{'a': i}.b"), "! the key isn't in the map");
  EXPECT_EQ(one("has({'a': i}.a) && !has({'a': i}.b)"), "true");
  EXPECT_EQ(one("'a' in {'a': i} && i in [1, 7] && !(i in [1, 2])"), "true");
  EXPECT_EQ(one("{word: 1, 'tacocat': 2}"), "! a key stands twice in the map");
  EXPECT_EQ(one("[[i], [2]] == [[7], [2]]"), "true");
  EXPECT_EQ(one("{'a': i, 'b': 1} == {'b': 1, 'a': 7}"), "true");
  EXPECT_EQ(one("[i, null]"), "[7, null]");
  EXPECT_EQ(one("none in [null]"), "true");
  EXPECT_EQ(one("size([1, i]) + size({'a': 1})"), "3");
  EXPECT_EQ(one("b ? [i] : []"), "[7]");
}
TEST_F(Functions, MacrosGoOverElementsAndKeys) {
  EXPECT_EQ(one("[1, i].all(x, x > 0)"), "true");
  EXPECT_EQ(one("[1, i].exists(x, x == i)"), "true");
  EXPECT_EQ(one("[1, i, 7].exists_one(x, x == i)"), "false");
  EXPECT_EQ(one("[1, i].map(x, x * 2)"), "[2, 14]");
  EXPECT_EQ(one("[1, 2, i].map(x, x > 1, x * 2)"), "[4, 14]");
  EXPECT_EQ(one("[1, i, 3].filter(x, x > 2)"), "[7, 3]");
  EXPECT_EQ(one("{'a': 1, 'b': i}.map(k, k + word)"), "[\"atacocat\", \"btacocat\"]");
  EXPECT_EQ(one("[1, 2].map(x, [3, i].map(y, [x * y, zero].map(z, z + i)))"), "[[[10, 7], [14, 7]], [[13, 7], [21, 7]]]");
  EXPECT_EQ(one("[0, i].exists(x, 7 / x == 1)"), "true") << "one that is true decides";
  EXPECT_EQ(one("[0, i].all(x, 7 / x == 1)"), "! division by zero");
  EXPECT_EQ(one("[0, i].all(x, 7 / x == 2)"), "false");
  EXPECT_EQ(one("[i].filter(x, 7 / zero == 1)"), "! division by zero");
}

}  // namespace
}  // namespace millrace::rules

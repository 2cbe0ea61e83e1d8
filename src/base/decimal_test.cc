#include "base/decimal.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

std::string sum(const char* a, const char* b) {
  const auto left = parse_decimal(a), right = parse_decimal(b);
  if (!left || !right) return "no number";
  const auto result = add(*left, *right);
  return result ? to_string(*result) : "too long";
}

TEST(Decimal, SumsAreExactAndKeepTheLongerScale) {
  EXPECT_EQ(sum("0.1", "0.2"), "0.3");
  EXPECT_EQ(sum("10.50", "1"), "11.50");
  EXPECT_EQ(sum("-0.05", "0.01"), "-0.04");
  EXPECT_EQ(sum("1.50", "-1.50"), "0.00");
  EXPECT_EQ(sum("99999999999999999999999999999999999.99", "0.01"), "100000000000000000000000000000000000.00");
}

TEST(Decimal, MoreThan38DigitsAreRefusedNotRounded) {
  EXPECT_EQ(sum("99999999999999999999999999999999999999", "1"), "too long");
  EXPECT_EQ(sum("99999999999999999999999999999999999999", "0.1"), "too long");
  EXPECT_FALSE(parse_decimal("100000000000000000000000000000000000000"));
  EXPECT_TRUE(parse_decimal("0000000000000000000000000000000000000000000001"));
}

TEST(Decimal, TextThatIsNoPlainNumberIsRefused) {
  for (const char* text : {"", "-", ".5", "5.", "1e3", "+1", "1.2.3", " 1", "0x1", "--1", "1,5"}) EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(Decimal, TextComesBackAsItWas) {
  for (const char* text : {"0", "-1", "0.00", "-0.05", "123456789012345678901234567890.12345678"}) EXPECT_EQ(to_string(*parse_decimal(text)), text);
}

}  // namespace
}  // namespace millrace

#include "pipeline/lane/usage_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

constexpr int64_t kHourMs = 3'600'000, kDayMs = 24 * kHourMs;

CompiledRule meter_of(const char* name, rules::Window window) {
  CompiledRule rule;
  rule.name = name, rule.unit = "order", rule.window = window;
  return rule;
}

TEST(UsageWindows, AreOfTheEventsTimeInUtc) {
  const int64_t time = 1'709'210'096'789;  // 2024-02-29T12:34:56.789Z
  EXPECT_EQ(usage_window_of(time, rules::Window::kHour), (UsageWindow{1'709'208'000'000, kHourMs}));
  EXPECT_EQ(usage_window_of(time, rules::Window::kDay), (UsageWindow{1'709'164'800'000, kDayMs}));
  EXPECT_EQ(usage_window_of(time, rules::Window::kMonth), (UsageWindow{1'706'745'600'000, 29 * kDayMs}));
}
TEST(UsageWindows, BeginAtTheirFirstMillisecondAndEndBeforeTheNext) {
  EXPECT_EQ(usage_window_of(kDayMs, rules::Window::kDay).start_ms, kDayMs);
  EXPECT_EQ(usage_window_of(kDayMs - 1, rules::Window::kDay).start_ms, 0);
  EXPECT_EQ(usage_window_of(-1, rules::Window::kHour), (UsageWindow{-kHourMs, kHourMs}));
  EXPECT_EQ(usage_window_of(-1, rules::Window::kMonth), (UsageWindow{-31 * kDayMs, 31 * kDayMs}));
}

TEST(UsageSums, AddUpExactlyAndComeInOneOrder) {
  const CompiledRule amount = meter_of("amount", rules::Window::kDay), orders = meter_of("orders", rules::Window::kHour);
  UsageSums sums;
  EXPECT_TRUE(sums.add("globex", orders, 0, {1, 0}));
  EXPECT_TRUE(sums.add("acme", orders, kHourMs, {1, 0}));
  EXPECT_TRUE(sums.add("acme", orders, 1, {2, 0}));
  EXPECT_TRUE(sums.add("acme", amount, 5, {10, 2}));
  EXPECT_TRUE(sums.add("acme", amount, 7, {-12345, 3}));
  std::string told;
  for (const Usage& use : sums.sorted()) told += use.tenant + " " + use.meter + " " + std::to_string(use.window.start_ms) + " " + to_string(use.value) + "\n";
  EXPECT_EQ(told, "acme amount 0 -12.245\nacme orders 0 2\nacme orders 3600000 1\nglobex orders 0 1\n");
}
TEST(UsageSums, ASumOfTooManyDigitsIsRefused) {
  const CompiledRule amount = meter_of("amount", rules::Window::kDay);
  Decimal::Unscaled most = 1;
  for (int i = 0; i < 38; ++i) most *= 10;
  UsageSums sums;
  EXPECT_TRUE(sums.add("acme", amount, 0, {most - 1, 0}));
  EXPECT_FALSE(sums.add("acme", amount, 0, {1, 0}));
  EXPECT_EQ(sums.sorted().at(0).value, (Decimal{most - 1, 0}));
}

}  // namespace
}  // namespace millrace::pipeline

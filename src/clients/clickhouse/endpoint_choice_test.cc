#include "clients/clickhouse/endpoint_choice.h"

#include <gtest/gtest.h>

namespace millrace::clickhouse {
namespace {

using std::chrono::milliseconds;
using Pick = EndpointChoice::Pick;

struct EndpointChoices : testing::Test {
  EndpointChoice::Time now{std::chrono::hours(1)};
  milliseconds wait{0};
  std::optional<Pick> pick(EndpointChoice& choice) { return choice.pick(now, wait); }
};

TEST_F(EndpointChoices, TheFirstIsInUseUntilItFailsAndThenTheNext) {
  EndpointChoice choice(3);
  EXPECT_EQ(pick(choice)->index, 0u);
  choice.answered(0);
  EXPECT_EQ(pick(choice)->index, 0u);
  choice.failed(0, false, now);
  EXPECT_EQ(pick(choice)->index, 1u);
  EXPECT_FALSE(pick(choice)->probe);
  choice.failed(1, false, now);
  EXPECT_EQ(pick(choice)->index, 2u);
}

TEST_F(EndpointChoices, OneThatIsBackIsNotTakenFromTheOneInUse) {
  EndpointChoice choice(2);
  choice.failed(0, false, now);
  now += EndpointChoice::kOutMost;
  EXPECT_EQ(pick(choice)->index, 1u) << "what works is not left for what failed";
}

TEST_F(EndpointChoices, WhenAllAreOutNobodyIsAskedBeforeItsTime) {
  EndpointChoice choice(2);
  choice.failed(0, false, now), choice.failed(1, false, now);
  EXPECT_FALSE(pick(choice));
  EXPECT_GE(wait, EndpointChoice::kOutLeast / 2);
  EXPECT_LE(wait, EndpointChoice::kOutLeast);
  now += wait;
  EXPECT_TRUE(pick(choice));
}

TEST_F(EndpointChoices, OneRequestAloneTriesWhatWasOut) {
  EndpointChoice choice(1);
  choice.failed(0, false, now);
  now += EndpointChoice::kOutLeast;
  ASSERT_TRUE(pick(choice)->probe);
  EXPECT_FALSE(pick(choice)) << "the others wait for its outcome";
  choice.answered(0);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(pick(choice)->probe);
}

TEST_F(EndpointChoices, APauseDoublesUpToItsMost) {
  EndpointChoice choice(1);
  choice.failed(0, false, now);
  for (milliseconds most = EndpointChoice::kOutLeast; most < 8 * EndpointChoice::kOutMost; most *= 2) {
    const milliseconds bound = std::min(most, EndpointChoice::kOutMost);
    ASSERT_FALSE(pick(choice));
    EXPECT_GE(wait, bound / 2);
    EXPECT_LE(wait, bound);
    now += wait;
    ASSERT_TRUE(pick(choice)->probe);
    choice.failed(0, true, now);
  }
}

TEST_F(EndpointChoices, ManyRequestsThatFailTogetherAreOneFailure) {
  EndpointChoice choice(1);
  for (int i = 0; i < 20; ++i) choice.failed(0, false, now);
  EXPECT_FALSE(pick(choice));
  EXPECT_LE(wait, EndpointChoice::kOutLeast);
}

TEST_F(EndpointChoices, ProcessesComeBackAtDifferentTimes) {
  EndpointChoice one(1, 1), other(1, 2);
  one.failed(0, false, now), other.failed(0, false, now);
  milliseconds first{0}, second{0};
  EXPECT_FALSE(one.pick(now, first));
  EXPECT_FALSE(other.pick(now, second));
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace millrace::clickhouse

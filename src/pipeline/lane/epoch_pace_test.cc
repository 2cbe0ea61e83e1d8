#include "pipeline/lane/epoch_pace.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMost = size_t{8} << 20;

// A sink that takes so many bytes a millisecond: what the pace comes to after a while of full epochs.
size_t settle(EpochPace& pace, double bytes_per_ms, int epochs = 50) {
  for (int i = 0; i < epochs; ++i)
    pace.written(pace.bytes_allowed(), milliseconds(static_cast<int64_t>(static_cast<double>(pace.bytes_allowed()) / bytes_per_ms)));
  return pace.bytes_allowed();
}

TEST(EpochPace, GrowsToTheLimitWithAQuickSink) {
  EpochPace pace(kMost);
  EXPECT_LT(pace.bytes_allowed(), kMost);
  EXPECT_EQ(settle(pace, 50'000), kMost);
}

TEST(EpochPace, AnEpochStaysWritableWithinATermWithASlowSinkAndWhenItBecomesSixTimesSlower) {
  EpochPace pace(kMost);
  for (const double bytes_per_ms : {2'000.0, 1'000.0, 500.0}) {
    const auto bytes = static_cast<double>(settle(pace, bytes_per_ms));
    EXPECT_LE(bytes / bytes_per_ms, 1'510);
    EXPECT_LE(bytes / (bytes_per_ms / 6), 9'060);
  }
}

TEST(EpochPace, GrowsAgainAfterAnOutage) {
  EpochPace pace(kMost);
  settle(pace, 50'000);
  pace.written(kMost, milliseconds(60'000));
  EXPECT_EQ(pace.bytes_allowed(), EpochPace::kLeast);
  EXPECT_EQ(settle(pace, 50'000), kMost);
}

TEST(EpochPace, SmallEpochsThatAreQuickSayNothingOfLargeOnes) {
  EpochPace pace(kMost);
  const size_t before = pace.bytes_allowed();
  for (int i = 0; i < 50; ++i) pace.written(1'000, milliseconds(5));
  EXPECT_EQ(pace.bytes_allowed(), before);
}

TEST(EpochPace, ACrowdOfPartsDoublesTheLingerUpToItsMost) {
  EpochPace pace(kMost);
  EXPECT_EQ(pace.linger(milliseconds(500), false), milliseconds(500));
  pace.written(1'000, milliseconds(50), true);
  EXPECT_EQ(pace.linger(milliseconds(500), false), milliseconds(1'000));
  EXPECT_EQ(pace.records(5'000, 200'000, false), 10'000u);
  for (int i = 0; i < 20; ++i) pace.written(1'000, milliseconds(50), true);
  EXPECT_EQ(pace.stretch(), EpochPace::kStretchMost);
  EXPECT_EQ(pace.linger(milliseconds(500), false), EpochPace::kLingerMost);
  EXPECT_EQ(pace.linger(milliseconds(60'000), false), milliseconds(60'000)) << "never shorter than it is set";
  EXPECT_EQ(pace.records(5'000, 200'000, false), 200'000u);
}

TEST(EpochPace, TheLingerComesBackGradually) {
  EpochPace pace(kMost);
  for (int i = 0; i < 3; ++i) pace.written(1'000, milliseconds(50), true);
  ASSERT_EQ(pace.stretch(), 8);
  for (const int expected : {4, 2, 1, 1}) {
    const int before = pace.stretch();
    for (int i = 0; i + 1 < EpochPace::kCalmEpochs; ++i) pace.written(1'000, milliseconds(50));
    EXPECT_EQ(pace.stretch(), before) << "not before ten epochs without a crowd";
    pace.written(1'000, milliseconds(50));
    EXPECT_EQ(pace.stretch(), expected);
  }
}

TEST(EpochPace, ACrowdStartsTheCalmAnew) {
  EpochPace pace(kMost);
  for (int i = 0; i < 2; ++i) pace.written(1'000, milliseconds(50), true);
  for (int i = 0; i < 3 * EpochPace::kCalmEpochs; ++i) pace.written(1'000, milliseconds(50), i % (EpochPace::kCalmEpochs - 1) == 0);
  EXPECT_GT(pace.stretch(), 4);
}

TEST(EpochPace, WhatTookLongForACrowdMakesNoSmallerEpochs) {
  EpochPace pace(kMost);
  settle(pace, 50'000);
  pace.written(kMost, milliseconds(60'000), true);
  EXPECT_EQ(pace.bytes_allowed(), kMost);
}

TEST(EpochPace, ALaneThatIsBehindMakesLargeEpochsAndLeavesASinkHalfOfItsTime) {
  EpochPace pace(kMost);
  EXPECT_EQ(pace.records(5'000, 200'000, true), 200'000u);
  EXPECT_EQ(pace.linger(milliseconds(100), true), milliseconds(100)) << "nothing is known of the sink yet";
  pace.written(1'000, milliseconds(300));
  EXPECT_EQ(pace.linger(milliseconds(100), true), milliseconds(600));
  EXPECT_EQ(pace.linger(milliseconds(100), false), milliseconds(100)) << "who isn't behind doesn't wait";
  EXPECT_EQ(pace.linger(milliseconds(900), true), milliseconds(900));
  pace.written(1'000, milliseconds(60'000));
  EXPECT_EQ(pace.linger(milliseconds(100), true), EpochPace::kLingerMost);
}

TEST(EpochPace, KeepsALimitBelowItsOwnLeast) {
  EpochPace pace(1000);
  EXPECT_EQ(pace.bytes_allowed(), 1000u);
  pace.written(1000, milliseconds(60'000));
  EXPECT_EQ(pace.bytes_allowed(), 1000u);
}

TEST(EpochPace, IsEvenForSinksWithoutTerms) {
  auto pace = EpochPace::even(size_t{128} << 20);
  EXPECT_EQ(pace.bytes_allowed(), size_t{128} << 20);
  pace.written(size_t{128} << 20, std::chrono::minutes(5));
  EXPECT_EQ(pace.bytes_allowed(), size_t{128} << 20);
}

}  // namespace
}  // namespace millrace::pipeline

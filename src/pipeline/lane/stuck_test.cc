#include "pipeline/lane/stuck.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

TEST(StuckLane, IsOneThatWasAskedForLongAndDidNotTurn) {
  StuckLane lane;
  for (int second = 0; second < StuckLane::kLooks; ++second) EXPECT_FALSE(lane.stuck(5));
  EXPECT_TRUE(lane.stuck(5));
  EXPECT_FALSE(lane.stuck(6)) << "it turned";
}

TEST(StuckLane, IsNotOneWhoseProcessWasFrozen) {
  StuckLane lane;
  EXPECT_FALSE(lane.stuck(1000));
  EXPECT_FALSE(lane.stuck(1000)) << "an hour later, when the process is awake again, and the lane isn't yet";
}

}  // namespace
}  // namespace millrace::pipeline

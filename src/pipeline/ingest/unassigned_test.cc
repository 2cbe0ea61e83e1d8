#include "pipeline/ingest/unassigned.h"

#include <gmock/gmock.h>

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using State = kafka::GroupDescription::State;

const TopicPartition kFirst{"orders", PartitionId(0)}, kSecond{"orders", PartitionId(1)}, kThird{"orders", PartitionId(2)};
const std::vector<TopicPartition> kAll{kFirst, kSecond, kThird};

kafka::GroupDescription group(State state, const std::vector<std::vector<TopicPartition>>& held) {
  kafka::GroupDescription description{state, {}};
  for (const auto& partitions : held) description.members.push_back({"", "", "", "", partitions});
  return description;
}

struct UnassignedTest : ::testing::Test {
  bool look(const kafka::GroupDescription& group, std::chrono::seconds at) { return unassigned.look(group, kAll, start + at); }
  Unassigned::Clock::time_point start = Unassigned::Clock::now();
  Unassigned unassigned{30s};
};

TEST_F(UnassignedTest, APartitionIsMissedOnlyAfterWhatTheOldMemberMayTakeToFinish) {
  const auto lacking = group(State::kStable, {{kFirst}, {kThird}});
  EXPECT_FALSE(look(lacking, 0s));
  EXPECT_FALSE(look(lacking, 29s));
  EXPECT_TRUE(look(lacking, 30s));
  EXPECT_THAT(unassigned.partitions(), ElementsAre(kSecond));
  unassigned.forget();
  EXPECT_FALSE(look(lacking, 31s)) << "after something was done about it";
  EXPECT_TRUE(look(lacking, 61s));
}

TEST_F(UnassignedTest, EachPartitionHasItsOwnTime) {
  EXPECT_FALSE(look(group(State::kStable, {{kFirst}, {kThird}}), 0s));
  EXPECT_FALSE(look(group(State::kStable, {{kFirst, kSecond}}), 20s));
  EXPECT_FALSE(look(group(State::kStable, {{kFirst, kSecond}}), 40s));
  EXPECT_TRUE(look(group(State::kStable, {{kFirst, kSecond}}), 50s));
}

TEST_F(UnassignedTest, AGroupThatRebalancesOrIsEmptyProvesNothing) {
  EXPECT_FALSE(look(group(State::kStable, {{kFirst}}), 0s));
  EXPECT_FALSE(look(group(State::kRebalancing, {{}, {}}), 40s));
  EXPECT_FALSE(look(group(State::kStable, {{kFirst}}), 41s));
  EXPECT_FALSE(look(group(State::kNoMembers, {}), 80s));
  EXPECT_TRUE(unassigned.partitions().empty());
}

TEST_F(UnassignedTest, NothingIsMissedWhileMembersHoldAll) {
  EXPECT_FALSE(look(group(State::kStable, {{kFirst, kSecond}, {kThird}}), 0s));
  EXPECT_FALSE(look(group(State::kStable, {{kThird}, {kFirst, kSecond}}), 100s));
}

}  // namespace
}  // namespace millrace::pipeline

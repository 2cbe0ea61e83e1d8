#include "pipeline/commit/lane_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::pipeline {
namespace {

const TopicPartition kA{"order.created", PartitionId(0)}, kB{"order.created", PartitionId(1)};
const TopicId kTopic({1, 1});
const CatalogHash kCatalog({5, 5});

// A lane whose broker says yes to everything, until told otherwise.
struct Lane {
  explicit Lane(LaneGuards guards = {}) : core(guards) { core.catalog_known(kCatalog); }

  template <class T>
  std::vector<T> take() {  // the actions of one kind, the others are dropped
    std::vector<T> found;
    for (auto& act : core.take_actions())
      if (auto* it = std::get_if<T>(&act)) found.push_back(*it);
    return found;
  }
  static CommittedRead at(const TopicPartition& p, int64_t offset, PlanPtr plan = nullptr, int adoptions = 0) {
    return {p, CommittedRead::State::kOffset, Offset(offset), encode({Offset(offset), kTopic, static_cast<uint8_t>(adoptions), false, std::move(plan)}),
            kTopic};
  }
  // Assigned, and read on from `offset`.
  void own(const std::vector<TopicPartition>& names, int64_t offset = 100) {
    core.producer_ready();
    core.assigned(names);
    read(offset);
  }
  void read(int64_t offset, PlanPtr plan = nullptr, int adoptions = 0) {
    for (const auto& reads : take<action::ReadOffsets>()) {
      std::vector<CommittedRead> answers;
      for (const auto& name : reads.partitions) answers.push_back(at(name, offset, plan, adoptions));
      core.offsets_read(reads.number, answers);
    }
  }
  PlanPtr plan(const std::vector<TopicPartition>& names, int64_t begin, int64_t end) {
    Plan made;
    made.id = PlanId(make_uuid_v7(++plans, 0, 0));
    made.catalog = kCatalog;
    for (const auto& name : names) made.ranges.push_back({name, kTopic, {Offset(begin), Offset(end)}, 1, 0});
    return std::make_shared<const Plan>(made);
  }
  action::Commit answer(CommitAnswer what) {
    const auto commits = take<action::Commit>();
    EXPECT_EQ(commits.size(), 1u);
    if (commits.empty()) return {};
    core.committed(commits[0].number, what);
    return commits[0];
  }
  LaneProtocol core;
  int plans = 0;
};

TEST(LaneProtocol, NoOffsetIsReadBeforeTheProducerSettledWhatItsIdLeftBehind) {
  Lane lane;
  lane.core.assigned({kA});
  EXPECT_TRUE(lane.take<action::ReadOffsets>().empty());
  lane.core.producer_ready();
  EXPECT_EQ(lane.take<action::ReadOffsets>().size(), 1u);
}

TEST(LaneProtocol, NoSinkSeesARangeBeforeItsPlanIsCommitted) {
  Lane lane;
  lane.own({kA, kB});
  const auto plan = lane.plan({kA, kB}, 100, 150);
  lane.core.epoch_closed(plan);
  auto actions = lane.core.take_actions();
  const auto* commit = std::get_if<action::Commit>(&actions.back());
  ASSERT_NE(commit, nullptr);
  EXPECT_EQ(commit->offsets.size(), 2u);
  EXPECT_EQ(commit->offsets[0].offset, Offset(100));
  EXPECT_EQ(*decode(commit->offsets[1].metadata)->plan, *plan);
  lane.core.committed(commit->number, CommitAnswer::kYes);
  EXPECT_EQ(lane.take<action::WritePlan>().size(), 1u);
}

TEST(LaneProtocol, TheEndOfAPlanCarriesTheNextOne) {
  Lane lane;
  lane.own({kA, kB});
  const auto first = lane.plan({kA}, 100, 150), second = lane.plan({kA, kB}, 0, 0);
  lane.core.epoch_closed(first);
  lane.answer(CommitAnswer::kYes);
  Plan next = *second;
  next.ranges[0].offsets = {Offset(150), Offset(160)};
  next.ranges[1].offsets = {Offset(100), Offset(110)};
  lane.core.epoch_closed(std::make_shared<const Plan>(next));
  EXPECT_TRUE(lane.take<action::Commit>().empty()) << "nothing is committed before the sinks are durable";
  lane.core.plan_durable(first->id);
  const auto commit = lane.answer(CommitAnswer::kYes);
  ASSERT_EQ(commit.offsets.size(), 2u);
  EXPECT_EQ(commit.offsets[0].offset, Offset(150));
  EXPECT_EQ(commit.offsets[1].offset, Offset(100));
  EXPECT_EQ(commit.lands->id, first->id);
  EXPECT_EQ(commit.landing, std::vector{kA});
  EXPECT_EQ(lane.take<action::WritePlan>().at(0).plan->id, next.id);
}

TEST(LaneProtocol, ACommitWithoutAnAnswerForgetsAndReadsAgain) {
  Lane lane;
  lane.own({kA});
  lane.core.epoch_closed(lane.plan({kA}, 100, 150));
  const auto commits = lane.take<action::Commit>();
  lane.core.committed(commits.at(0).number, CommitAnswer::kUnknown);
  auto actions = lane.core.take_actions();
  EXPECT_TRUE(std::ranges::any_of(actions, [](auto& a) { return std::holds_alternative<action::InitProducer>(a); }));
  EXPECT_FALSE(std::ranges::any_of(actions, [](auto& a) { return std::holds_alternative<action::Commit>(a); }));
  lane.core.producer_ready();
  EXPECT_EQ(lane.take<action::ReadOffsets>().size(), 1u);
}

TEST(LaneProtocol, ARefusedCommitIsSentAgainWhileThePartitionsStay) {
  Lane lane;
  lane.own({kA});
  lane.core.epoch_closed(lane.plan({kA}, 100, 150));
  const auto first = lane.take<action::Commit>();
  lane.core.committed(first.at(0).number, CommitAnswer::kRefused);
  const auto waits = lane.take<action::Wait>();
  ASSERT_EQ(waits.size(), 1u);
  lane.core.waited(waits[0].number);
  lane.core.committed(lane.take<action::Commit>().at(0).number, CommitAnswer::kRefused);
  const auto longer = lane.take<action::Wait>();
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].time, 2 * waits[0].time);
  lane.core.waited(longer[0].number);
  const auto again = lane.answer(CommitAnswer::kYes);
  EXPECT_EQ(again.offsets.at(0).metadata, first.at(0).offsets.at(0).metadata);
}

TEST(LaneProtocol, APlanFoundIsCompletedBeforeAnythingElseAndOnlyForWhatIsHeld) {
  Lane lane;
  const auto found = lane.plan({kA, kB}, 100, 150);
  lane.core.producer_ready();
  lane.core.assigned({kA});
  lane.read(100, found);
  const auto bump = lane.answer(CommitAnswer::kYes);
  EXPECT_EQ(decode(bump.offsets.at(0).metadata)->adoptions, 1);
  EXPECT_FALSE(lane.core.may_plan(kA));
  EXPECT_EQ(lane.take<action::RebuildPlan>().size(), 1u);
  lane.core.plan_rebuilt(found->id);
  EXPECT_EQ(decode(lane.answer(CommitAnswer::kYes).offsets.at(0).metadata)->adoptions, 0);
  const auto writes = lane.take<action::WritePlan>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_FALSE(writes[0].fresh);
  lane.core.plan_durable(found->id);
  const auto finish = lane.answer(CommitAnswer::kYes);
  ASSERT_EQ(finish.offsets.size(), 1u);
  EXPECT_EQ(finish.offsets[0].partition, kA);
  EXPECT_EQ(finish.landing, std::vector{kA});
  EXPECT_EQ(lane.take<action::StartReading>().at(0).begin, Offset(150));
}

TEST(LaneProtocol, APlanThatKilledAdopterAfterAdopterStops) {
  Lane lane;
  lane.core.producer_ready();
  lane.core.assigned({kA});
  lane.read(100, lane.plan({kA}, 100, 150), LaneProtocol::kAdoptionsMax);
  const auto stopped = lane.take<action::Stopped>();
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_NE(stopped[0].reason.find("millrace plan retry"), std::string::npos);
}

TEST(LaneProtocol, ARevokedPartitionGoesWhenItsEpochIsCommittedAndIsNotPlannedAgain) {
  Lane lane;
  lane.own({kA, kB});
  const auto plan = lane.plan({kA}, 100, 150);
  lane.core.epoch_closed(plan);
  lane.answer(CommitAnswer::kYes);
  lane.core.revoked({kA});
  EXPECT_TRUE(lane.take<action::Release>().empty());
  EXPECT_FALSE(lane.core.may_plan(kA));
  lane.core.plan_durable(plan->id);
  EXPECT_EQ(decode(lane.answer(CommitAnswer::kYes).offsets.at(0).metadata)->plan, nullptr);
  EXPECT_EQ(lane.take<action::Release>().at(0).partitions, std::vector{kA});
  EXPECT_TRUE(lane.core.may_plan(kB));
}

TEST(LaneProtocol, PastTheDrainDeadlineThePlanIsForgottenAndThePartitionGoes) {
  Lane lane;
  lane.own({kA, kB});
  lane.core.epoch_closed(lane.plan({kA, kB}, 100, 150));
  lane.answer(CommitAnswer::kYes);
  lane.core.revoked({kA});
  lane.take<action::Release>();
  lane.core.drain_deadline_passed();
  auto actions = lane.core.take_actions();
  EXPECT_TRUE(std::holds_alternative<action::CancelPlan>(actions.at(0)));
  EXPECT_TRUE(std::ranges::any_of(actions, [](auto& a) { return std::holds_alternative<action::Release>(a); }));
  const auto reads = std::ranges::find_if(actions, [](auto& a) { return std::holds_alternative<action::ReadOffsets>(a); });
  ASSERT_NE(reads, actions.end()) << "the partition that stays finds its plan again";
  EXPECT_EQ(std::get<action::ReadOffsets>(*reads).partitions, std::vector{kB});
}

TEST(LaneProtocol, NothingIsReadFromABeginningBeforeItIsCommitted) {
  Lane lane;
  lane.core.producer_ready();
  lane.core.assigned({kA});
  const auto reads = lane.take<action::ReadOffsets>();
  lane.core.offsets_read(reads.at(0).number, {{kA, CommittedRead::State::kNone, Offset(), "", kTopic}});
  const auto resolves = lane.take<action::ResolveBeginning>();
  ASSERT_EQ(resolves.size(), 1u);
  lane.core.beginning_found(resolves[0].number, kA, Offset(7));
  const auto commits = lane.take<action::Commit>();
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(commits[0].offsets.at(0).offset, Offset(7));
  lane.core.committed(commits[0].number, CommitAnswer::kYes);
  EXPECT_EQ(lane.take<action::StartReading>().at(0).begin, Offset(7));
}

TEST(LaneProtocol, ABeginningThatWasSoughtForAFormerTopicOfThatNameIsIgnored) {
  Lane lane;
  lane.core.producer_ready();
  const auto assigned = [&](TopicId topic) {
    lane.core.assigned({kA});
    const auto reads = lane.take<action::ReadOffsets>();
    lane.core.offsets_read(reads.at(0).number, {{kA, CommittedRead::State::kNone, Offset(), "", topic}});
    return lane.take<action::ResolveBeginning>().at(0);
  };
  const auto former = assigned(kTopic);
  lane.core.revoked({kA});
  const auto now = assigned(TopicId({9, 9}));
  lane.core.beginning_found(former.number, kA, Offset(700));
  lane.core.beginning_refused(former.number, kA, "ClickHouse has rows");
  EXPECT_TRUE(lane.core.take_actions().empty());
  lane.core.beginning_found(now.number, kA, Offset(0));
  EXPECT_EQ(lane.take<action::Commit>().at(0).offsets.at(0).offset, Offset(0));
}

TEST(LaneProtocol, AnOffsetThatIsNotOursStopsThePartitionByName) {
  const auto reason_of = [](CommittedRead read) {
    Lane lane;
    lane.core.producer_ready();
    lane.core.assigned({kA});
    lane.core.offsets_read(lane.take<action::ReadOffsets>().at(0).number, {std::move(read)});
    const auto stopped = lane.take<action::Stopped>();
    return stopped.empty() ? "" : stopped[0].reason;
  };
  CommittedRead reset = Lane::at(kA, 100);
  reset.offset = Offset(50);
  EXPECT_NE(reason_of(reset).find("reset or mirrored"), std::string::npos);
  CommittedRead anew = Lane::at(kA, 100);
  anew.topic_id = TopicId({9, 9});
  EXPECT_NE(reason_of(anew).find("made anew"), std::string::npos);
  CommittedRead foreign = Lane::at(kA, 100);
  foreign.metadata = "";
  EXPECT_NE(reason_of(foreign).find("offsets accept"), std::string::npos);
  EXPECT_EQ(reason_of(Lane::at(kA, 100)), "");
}

TEST(LaneProtocol, WhatCannotBeReadAnyMoreLeavesTheNextEpochAtOnceAndStopsAfterTheOneInFlight) {
  Lane lane;
  lane.own({kA, kB});
  const auto plan = lane.plan({kA, kB}, 100, 150);
  lane.core.epoch_closed(plan);
  lane.answer(CommitAnswer::kYes);
  lane.core.take_actions();
  lane.core.reading_failed(kA, "no right to read it");
  auto actions = lane.core.take_actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::get<action::DropCollected>(actions[0]).partitions, std::vector{kA});
  EXPECT_FALSE(lane.core.may_plan(kA));
  lane.core.plan_durable(plan->id);
  const auto commits = lane.take<action::Commit>();
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(commits[0].offsets.size(), 2u) << "what was read of it is delivered and committed";
  lane.core.committed(commits[0].number, CommitAnswer::kYes);
  const auto stopped = lane.take<action::Stopped>();
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_EQ(stopped[0].partition, kA);
  EXPECT_EQ(stopped[0].reason, "no right to read it");
}

TEST(LaneProtocol, LosingOnePartitionOfThePlanForgetsItAll) {
  Lane lane;
  lane.own({kA, kB});
  lane.core.epoch_closed(lane.plan({kA, kB}, 100, 150));
  lane.answer(CommitAnswer::kYes);
  lane.core.take_actions();
  lane.core.lost({kA});
  auto actions = lane.core.take_actions();
  EXPECT_TRUE(std::holds_alternative<action::CancelPlan>(actions.at(0)));
  EXPECT_FALSE(lane.core.may_plan(kB));
}

TEST(LaneProtocol, WhatWasFoundIsNotStarvedByEpochsThatFollowEachOther) {
  Lane lane;
  lane.own({kA});
  const auto first = lane.plan({kA}, 100, 150), found = lane.plan({kB}, 7, 9);
  lane.core.epoch_closed(first);
  lane.answer(CommitAnswer::kYes);
  ASSERT_TRUE(lane.core.wants_epoch());
  lane.core.assigned({kB});
  lane.read(7, found);
  EXPECT_FALSE(lane.core.wants_epoch());
  lane.core.plan_durable(first->id);
  lane.answer(CommitAnswer::kYes);  // the end of the first, and nothing with it
  EXPECT_EQ(decode(lane.answer(CommitAnswer::kYes).offsets.at(0).metadata)->adoptions, 1);
}

}  // namespace
}  // namespace millrace::pipeline

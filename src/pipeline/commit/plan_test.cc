#include "pipeline/commit/plan.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

Plan example(size_t partitions, const std::string& topic, bool topic_each) {
  Plan plan;
  plan.id = PlanId(make_uuid_v7(1'790'000'000'123, 1, 2));
  plan.time_ms = 1'790'000'000'123;
  plan.catalog = CatalogHash({0xfedcba9876543210, 42});
  for (size_t i = 0; i < partitions; ++i) {
    const std::string name = topic + (topic_each ? std::to_string(i) : "");
    plan.ranges.push_back({{name, PartitionId(static_cast<int32_t>(i))},
                           TopicId({7, topic_each ? i : 0}),
                           {Offset(int64_t{1} << 40), Offset((int64_t{1} << 40) + 5000)},
                           4990,
                           ~uint64_t{0} - i});
  }
  return plan;
}

TEST(Plan, ComesBackFromTheMetadataOfAnOffset) {
  Plan plan = example(6, "order.created", false);
  plan.given_up = {{1, Offset((int64_t{1} << 40) + 17), RejectionCode::kUnknownSchema}};
  const CommitMetadata written{Offset(99), TopicId({7, 0}), 2, true, std::make_shared<const Plan>(plan)};
  const auto read = decode(encode(written));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->offset, Offset(99));
  EXPECT_EQ(read->topic_id, TopicId({7, 0}));
  EXPECT_EQ(read->adoptions, 2);
  EXPECT_TRUE(read->stopped);
  EXPECT_EQ(*read->plan, plan);
}

TEST(Plan, GoesToTheSameShardThoughShardsWereAddedSince) {
  Plan plan = example(2, "order.created", false);
  plan.shards = 3;
  const auto read = decode(encode({Offset(99), TopicId({7, 0}), 0, false, std::make_shared<const Plan>(plan)}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read->plan, plan);
  EXPECT_EQ(shard_of(*read->plan), shard_of(plan));
  size_t seen[3] = {};
  for (uint64_t i = 0; i < 300; ++i) {
    plan.id = PlanId(make_uuid_v7(1'790'000'000'123, i * 7919, i * 104'729));
    ++seen[shard_of(plan)];
  }
  for (const size_t plans : seen) EXPECT_GT(plans, 50u);
}

TEST(Plan, WithOneShardIsWhatItWasBeforeThereWereShards) {
  const auto plan = std::make_shared<Plan>(example(2, "order.created", false));
  const std::string one = encode({Offset(99), TopicId({7, 0}), 0, false, plan});
  plan->shards = 2;
  EXPECT_LT(one.size(), encode({Offset(99), TopicId({7, 0}), 0, false, plan}).size());
}

TEST(Plan, AMarkAloneIsShort) {
  const std::string text = encode({Offset(12345), TopicId({1, 2}), 0, false, nullptr});
  EXPECT_LT(text.size(), 40u);
  EXPECT_EQ(decode(text)->plan, nullptr);
}

TEST(Plan, SaysWhoseMetadataItIsNot) {
  EXPECT_FALSE(decode(""));
  EXPECT_NE(decode("flink-checkpoint-7").error().message.find("somebody else"), std::string::npos);
  EXPECT_NE(decode("mr9.AAAA").error().message.find("another release"), std::string::npos);
}

TEST(Plan, DamagedMetadataIsAnErrorWhereverItIsCut) {
  const std::string text = encode({Offset(1), TopicId({1, 2}), 0, false, std::make_shared<const Plan>(example(3, "t", true))});
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(decode(text.substr(0, size))) << size;
  EXPECT_FALSE(decode(text + "AAAA"));
}

TEST(MetadataBudget, WhatItAdmitsFitsTheMetadata) {
  const std::string topic(60, 'x');
  MetadataBudget budget;
  size_t partitions = 0;
  while (budget.fits_partition(topic + std::to_string(partitions))) budget.add_partition(topic + std::to_string(partitions++));
  EXPECT_GE(partitions, 20u);
  Plan plan = example(partitions, topic, true);
  while (budget.fits_given_up()) {
    budget.add_given_up();
    plan.given_up.push_back({static_cast<uint16_t>(partitions - 1), Offset((int64_t{1} << 40) + 4999), RejectionCode::kUnknownSchema});
  }
  EXPECT_LE(encode({Offset(int64_t{1} << 50), TopicId({1, 2}), 255, true, std::make_shared<const Plan>(plan)}).size(), kMetadataBytesMax);
}

TEST(MetadataBudget, NeverAdmitsMoreThanThirtyTwoPartitions) {
  MetadataBudget budget;
  for (size_t i = 0; i < kPlanPartitionsMax; ++i) {
    ASSERT_TRUE(budget.fits_partition("order.created"));
    budget.add_partition("order.created");
  }
  EXPECT_FALSE(budget.fits_partition("order.created"));
  EXPECT_TRUE(budget.fits_given_up());
}

}  // namespace
}  // namespace millrace::pipeline

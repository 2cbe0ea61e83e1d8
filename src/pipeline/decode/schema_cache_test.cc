#include "pipeline/decode/schema_cache.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "pipeline/decode/registry_testing.h"
#include "pipeline/decode/schema_cache_file.h"

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;
using State = SchemaAnswer::State;
using testing::kOrder;

struct SchemaCacheTest : ::testing::Test {
  SchemaCacheSettings settings(std::string file = "") {
    SchemaCacheSettings all;
    all.registry_url = registry.url;
    all.file = std::move(file);
    all.missing_retry_after = 1ms;
    return all;
  }
  // Until the cache says so, at most five seconds.
  static bool becomes(SchemaCache& cache, int id, State state) {
    for (int i = 0; i < 500; ++i) {
      if (cache.find(SchemaId(id), 0ms).state == state) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  testing::RegistryFixture registry;
  metrics::Registry metrics;
};

TEST_F(SchemaCacheTest, AsksOnceForWhatItThenHolds) {
  registry.schemas[7] = kOrder;
  SchemaCache cache(settings(), metrics);
  const auto answer = cache.find(SchemaId(7), 5s);
  ASSERT_EQ(answer.state, State::kFound) << answer.reason;
  EXPECT_EQ(answer.schema->text(), kOrder);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cache.find(SchemaId(7), 5s).state, State::kFound);
  EXPECT_EQ(registry.asked, 1);
}

TEST_F(SchemaCacheTest, BelievesThatASchemaIsMissingOnlyWhenItWasToldFourTimes) {
  SchemaCache cache(settings(), metrics);
  EXPECT_EQ(cache.find(SchemaId(9), 5s).state, State::kMissing);
  EXPECT_EQ(registry.asked, 4);
}

TEST_F(SchemaCacheTest, AMissingSchemaIsAskedForAgainSoonAndIsNotBelievedMissingInAnOutage) {
  auto quick = settings();
  quick.missing_time_to_live = 20ms;
  SchemaCache cache(quick, metrics);
  EXPECT_EQ(cache.find(SchemaId(7), 5s).state, State::kMissing);
  registry.broken = true;
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(cache.find(SchemaId(7), 5s).state, State::kUnreachable);
  registry.schemas[7] = kOrder;
  registry.broken = false;
  EXPECT_TRUE(becomes(cache, 7, State::kFound));
}

TEST_F(SchemaCacheTest, AnOutageIsNoMissingSchemaAndEndsByItself) {
  registry.broken = true;
  registry.schemas[7] = kOrder;
  SchemaCache cache(settings(), metrics);
  EXPECT_EQ(cache.find(SchemaId(7), 5s).state, State::kUnreachable);
  registry.broken = false;
  EXPECT_TRUE(becomes(cache, 7, State::kFound));
}

TEST_F(SchemaCacheTest, AnExpiredEntryGoesOnBeingUsedInAnOutage) {
  registry.schemas[7] = kOrder;
  auto short_lived = settings();
  short_lived.time_to_live = 0ms;
  SchemaCache cache(short_lived, metrics);
  ASSERT_EQ(cache.find(SchemaId(7), 5s).state, State::kFound);
  registry.broken = true;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(cache.find(SchemaId(7), 0ms).state, State::kFound);
    std::this_thread::sleep_for(2ms);
  }
}

TEST_F(SchemaCacheTest, AWorkerStartsFromDiskWhileTheRegistryIsOut) {
  const testing::TemporaryFile file;
  registry.schemas[7] = kOrder;
  registry.subjects["order.created-value"] = {7};
  {
    SchemaCache cache(settings(file.path()), metrics);
    ASSERT_TRUE(cache.subjects({"order.created-value"}));
    ASSERT_EQ(cache.find(SchemaId(7), 5s).state, State::kFound);
    for (int i = 0; i < 500 && read_schema_file(file.path()).subjects.empty(); ++i) std::this_thread::sleep_for(10ms);
  }
  registry.broken = true;
  SchemaCache cache(settings(file.path()), metrics);
  EXPECT_EQ(cache.find(SchemaId(7), 0ms).state, State::kFound);
  const auto subjects = cache.subjects({"order.created-value"});
  ASSERT_TRUE(subjects) << subjects.error().message;
  EXPECT_EQ(subjects->front().front().schema, kOrder);
}

TEST_F(SchemaCacheTest, ADamagedFileIsAskedForAgain) {
  const testing::TemporaryFile file;
  std::ofstream(file.path()) << R"({"schemas": {"seven": )";
  registry.schemas[7] = kOrder;
  SchemaCache cache(settings(file.path()), metrics);
  EXPECT_EQ(cache.find(SchemaId(7), 5s).state, State::kFound);
}

TEST_F(SchemaCacheTest, ForgetsWhatWasNotUsedForLongest) {
  for (int id = 1; id <= 3; ++id) registry.schemas[id] = kOrder;
  auto small = settings();
  small.entries_max = 2;
  SchemaCache cache(small, metrics);
  for (const int id : {1, 2, 1, 3}) EXPECT_EQ(cache.find(SchemaId(id), 5s).state, State::kFound);
  registry.asked = 0;
  EXPECT_EQ(cache.find(SchemaId(1), 5s).state, State::kFound);
  EXPECT_EQ(registry.asked, 0);
  EXPECT_EQ(cache.find(SchemaId(2), 5s).state, State::kFound);
  EXPECT_EQ(registry.asked, 1);
}

TEST_F(SchemaCacheTest, WhatIsWrittenWithHasOneIdAndKeepsItThroughAnOutage) {
  registry.schemas[6] = kOrder;
  const testing::TemporaryFile file;
  {
    SchemaCache cache(settings(file.path()), metrics);
    EXPECT_EQ(cache.register_schema("alerts-value", testing::kOrderWithTag).value(), SchemaId(7));
    EXPECT_EQ(cache.register_schema("alerts-value", testing::kOrderWithTag).value(), SchemaId(7));
    EXPECT_EQ(registry.subjects["alerts-value"].size(), 1u);
    for (int i = 0; i < 500 && read_schema_file(file.path()).subjects.empty(); ++i) std::this_thread::sleep_for(10ms);
  }
  registry.broken = true;
  SchemaCache cache(settings(file.path()), metrics);
  EXPECT_EQ(cache.register_schema("alerts-value", testing::kOrderWithTag).value(), SchemaId(7));
  const auto other = cache.register_schema("alerts-value", kOrder);
  ASSERT_FALSE(other) << "an id of another text is no answer";
  EXPECT_EQ(other.error().retry, Retry::kTransient);
}

TEST_F(SchemaCacheTest, ARegistryThatRefusesASchemaSaysWhy) {
  registry.refuses = true;
  SchemaCache cache(settings(), metrics);
  const auto refused = cache.register_schema("alerts-value", kOrder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry, Retry::kPermanent);
  EXPECT_NE(refused.error().message.find("/subjects/alerts-value/versions refuses the schema (409): incompatible with version 1"), std::string::npos);
}

TEST_F(SchemaCacheTest, ASubjectThatIsNotRegisteredIsNamed) {
  SchemaCache cache(settings(), metrics);
  const auto subjects = cache.subjects({"order.created-value"});
  ASSERT_FALSE(subjects);
  EXPECT_EQ(subjects.error().retry, Retry::kTransient);
  EXPECT_NE(subjects.error().message.find("order.created-value"), std::string::npos);
}

}  // namespace
}  // namespace millrace::pipeline

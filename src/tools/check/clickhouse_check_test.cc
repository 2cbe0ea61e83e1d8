#include "tools/check/clickhouse_check.h"

#include <gmock/gmock.h>

namespace millrace::check {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(InsertRate, OneASecondAndTableIsFine) {
  EXPECT_THAT(judge_inserts({.workers = 1, .lanes = 1, .linger = std::chrono::milliseconds(1000), .parts_to_throw = {}}), IsEmpty());
  EXPECT_THAT(judge_inserts({.workers = 5, .lanes = 4, .linger = std::chrono::milliseconds(20'000), .parts_to_throw = {}}), IsEmpty());
  EXPECT_THAT(judge_inserts({.workers = 5, .lanes = 4, .shards = 4, .linger = std::chrono::milliseconds(5'000), .parts_to_throw = {}}), IsEmpty());
}

TEST(InsertRate, MoreIsAWarningWithTheNumbersAndWhatToChange) {
  const auto found = judge_inserts({.workers = 6, .lanes = 4, .tables = 5, .linger = std::chrono::milliseconds(500), .parts_to_throw = 3000});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::kWarning);
  EXPECT_THAT(found[0].text, HasSubstr("6 workers of 4 lanes, with an epoch every 500 ms, make up to 48 inserts a second into each table, 240 into all 5"));
  EXPECT_THAT(found[0].text, HasSubstr("parts_to_throw_insert=3000 is reached in 62 s"));
  EXPECT_THAT(found[0].text, HasSubstr("raise epoch.linger_ms towards 24000"));
}

TEST(InsertRate, SaysWhenNoLingerWouldBeLongEnough) {
  const auto found = judge_inserts({.workers = 100, .lanes = 4, .linger = std::chrono::milliseconds(500), .parts_to_throw = {}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text, HasSubstr("run fewer lanes, or more shards"));
  EXPECT_THAT(found[0].text, Not(HasSubstr("linger_ms towards")));
}

ServerFacts server(const std::string& url, const std::string& id, const std::string& engine, const std::string& path = "") {
  return {url, id, "", {{"orders", engine, path}}, {}};
}

TEST(ServersOfAShard, OneIsNeverWrong) { EXPECT_THAT(judge_servers({{server("a", "1", "MergeTree")}}), IsEmpty()); }

TEST(ServersOfAShard, MustBeReplicasOfOneAnother) {
  EXPECT_THAT(judge_servers({{server("a", "1", "ReplicatedMergeTree", "/t/1"), server("b", "2", "ReplicatedMergeTree", "/t/1")}}), IsEmpty());
  const auto plain = judge_servers({{server("a", "1", "MergeTree"), server("b", "2", "MergeTree")}});
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(plain[0].severity, Severity::kError);
  EXPECT_THAT(plain[0].text, HasSubstr("its engine is MergeTree at a and b, which are different servers"));
  const auto apart = judge_servers({{server("a", "1", "ReplicatedMergeTree", "/t/1"), server("b", "2", "ReplicatedMergeTree", "/t/2")}});
  ASSERT_EQ(apart.size(), 1u);
  EXPECT_THAT(apart[0].text, HasSubstr("not replicas of one another (/t/1 and /t/2 in Keeper)"));
}

TEST(ServersOfAShard, TwoWaysToOneServerAreFineAndUnknownOnesAreAWarning) {
  EXPECT_THAT(judge_servers({{server("a", "1", "MergeTree"), server("b", "1", "MergeTree")}}), IsEmpty());
  const auto unknown = judge_servers({{server("a", "", "MergeTree"), server("b", "", "MergeTree")}});
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].severity, Severity::kWarning);
}

TEST(Shards, MustNotBeReplicasOfOneAnother) {
  EXPECT_THAT(judge_servers({{server("a", "1", "ReplicatedMergeTree", "/t/1")}, {server("b", "2", "ReplicatedMergeTree", "/t/2")}}), IsEmpty());
  const auto found = judge_servers({{server("a", "1", "ReplicatedMergeTree", "/t/1")}, {server("b", "2", "ReplicatedMergeTree", "/t/1")}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].severity, Severity::kError);
  EXPECT_THAT(found[0].text, HasSubstr("shards 1 and 2 are replicas of one another"));
}

TEST(Shards, OneThatCantBeAskedIsNamed) { EXPECT_THAT(judge_servers({{{"a", "", "no route", {}, {}}}}).at(0).text, HasSubstr("no route")); }

}  // namespace
}  // namespace millrace::check

// The simulation as a test: nothing is found in a sweep of seeds, a seed's run can be replayed, and each rule has a canary that is found.
// With MILLRACE_LONG set twenty times as many seeds, and each canary from seed 0 on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "simulation/world.h"

namespace millrace::simulation {
namespace {

bool is_long() {
  const char* value = std::getenv("MILLRACE_LONG");
  return value != nullptr && *value != '\0';
}

constexpr uint64_t kSweep = 20'000, kLongTimes = 20, kCanaryRuns = 10'000;

TEST(Simulation, EachRecordLandsExactlyOnceWhateverHappens) {
  const uint64_t runs = is_long() ? kLongTimes * kSweep : kSweep;
  const Search done = search(0, runs, {});
  ASSERT_FALSE(done.seed) << done.violation << "\nreplay: ./dev sim --seed " << *done.seed << " --runs 1 --trace";
  const auto seen = [&](uint64_t Sightings::* field, uint64_t times) {
    EXPECT_GT(done.saw.*field, times) << "too quiet a world proves nothing: field " << (&(done.saw.*field) - &done.saw.commits);
  };
  for (const auto field :
       {&Sightings::commits, &Sightings::refused, &Sightings::unknown, &Sightings::adoptions, &Sightings::plans, &Sightings::inserts, &Sightings::deduplicated,
        &Sightings::refused_late, &Sightings::lost_at_rename, &Sightings::lost, &Sightings::revoked, &Sightings::stopped, &Sightings::crashes,
        &Sightings::freezes, &Sightings::billed, &Sightings::billed_before, &Sightings::billing_refused, &Sightings::manifests, &Sightings::disk_full})
    seen(field, runs / 20);
  for (const auto field : {&Sightings::files_were_there, &Sightings::skipped, &Sightings::ledger_restored, &Sightings::abandoned, &Sightings::accepted})
    seen(field, runs / 500);
}

TEST(Simulation, TheSameSeedGivesTheSameTraceTwice) {
  const auto trace_of = [](uint64_t seed) {
    std::string trace;
    run(seed, {}, [&](const std::string& line) { trace += line + '\n'; });
    return trace;
  };
  const uint64_t seeds = is_long() ? kLongTimes * 200 : 200;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const std::string once = trace_of(seed);
    ASSERT_GT(once.size(), 500u);
    ASSERT_EQ(once, trace_of(seed)) << "seed " << seed;
  }
}

// The structs have nothing but bools, so a rule is a byte.
TEST(Simulation, EachRuleHasACanaryAndEachCanaryTakesOneRuleAway) {
  std::string rules(sizeof(Guards), '\0');
  for (const Canary& canary : canaries()) {
    const Guards whole;
    Guards less;
    canary.remove(less);
    int taken = 0;
    for (size_t i = 0; i < sizeof(Guards); ++i)
      if (reinterpret_cast<const char*>(&whole)[i] != reinterpret_cast<const char*>(&less)[i]) ++taken, rules[i] = 1;
    EXPECT_EQ(taken, 1) << canary.name;
    EXPECT_EQ(find_canary(canary.name), &canary) << "two of one name";
  }
  EXPECT_EQ(std::ranges::count(rules, '\1'), static_cast<ptrdiff_t>(sizeof(Guards))) << "a field of the guards has no canary, see guards.cc";
}

class CanaryTest : public testing::TestWithParam<Canary> {};

TEST_P(CanaryTest, IsFound) {
  Guards guards;
  GetParam().remove(guards);
  const Search found = search(is_long() ? 0 : GetParam().near, kCanaryRuns, guards);
  EXPECT_TRUE(found.seed) << "without the rule that " << GetParam().rule << ", " << found.runs << " runs found nothing";
}

INSTANTIATE_TEST_SUITE_P(EachRule, CanaryTest, testing::ValuesIn(canaries()), [](const auto& canary) { return std::string(canary.param.name); });

}  // namespace
}  // namespace millrace::simulation

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "tools/demo/scrape.h"
#include "base/scratch_directory.h"
#include "tools/demo/settings.h"
#include "tools/supervisor/gate.h"

namespace millrace::demo {
namespace {

TEST(Scrape, ReadsNamesLabelsAndValues) {
  const auto samples = parse_metrics("# HELP a text\n# TYPE a counter\na 3\nb{x=\"1,}\\\"\",y=\"z\"} 2.5e3\nb{x=\"2\"} 1\n");
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[1].labels.at("x"), "1,}\"");
  EXPECT_EQ(samples[1].labels.at("y"), "z");
  EXPECT_EQ(sum(samples, "a"), 3);
  EXPECT_EQ(sum(samples, "b"), 2501);
}

TEST(Scrape, QuantileIsOfWhatCameInBetween) {
  const double inf = std::numeric_limits<double>::infinity();
  const Buckets before{{0.1, 100}, {0.2, 100}, {inf, 100}}, after{{0.1, 100}, {0.2, 110}, {inf, 110}};
  EXPECT_NEAR(quantile(0.5, before, after), 0.15, 1e-9);
  EXPECT_EQ(quantile(0.5, after, after), -1);
  EXPECT_EQ(quantile(0.99, {}, {{0.1, 0}, {inf, 5}}), 0.1) << "nothing is known beyond the last bound";
}

TEST(Scrape, AddsTheSeriesOfAHistogram) {
  const auto samples = parse_metrics("h_bucket{le=\"1\",w=\"a\"} 2\nh_bucket{le=\"+Inf\",w=\"a\"} 4\nh_bucket{le=\"1\",w=\"b\"} 3\n");
  const Buckets all = buckets(samples, "h");
  EXPECT_EQ(all.at(1), 5);
  EXPECT_TRUE(std::isinf(all.rbegin()->first));
}

TEST(DemoSettings, NameTheTakenPortAndTheWayOut) {
  Settings settings;
  const auto base = *supervisor::pick_free_port();
  supervisor::Gate taken(base, 1);
  ASSERT_TRUE(taken.start());
  settings.port_base = base;
  const auto ports = choose_ports(settings);
  ASSERT_FALSE(ports);
  EXPECT_NE(ports.error().message.find("port " + std::to_string(base)), std::string::npos);
  EXPECT_NE(ports.error().message.find("--ports"), std::string::npos);
}

TEST(DemoSettings, RefuseADirectoryThatAnotherDemoHolds) {
  const ScratchDirectory scratch;
  const std::string& directory = scratch.path();
  {
    const auto first = DataDirectory::open(directory);
    ASSERT_TRUE(first) << first.error().message;
    const auto second = DataDirectory::open(directory);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos) << second.error().message;
  }
  EXPECT_TRUE(DataDirectory::open(directory)) << "given back";
}

}  // namespace
}  // namespace millrace::demo

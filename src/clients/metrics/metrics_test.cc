#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "clients/http/client.h"
#include "clients/metrics/contract.h"
#include "clients/metrics/exposer.h"

namespace millrace::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, AreServedAsPrometheusReadsThem) {
  Registry registry;
  registry.counter("millrace_records_consumed_total", {{"topic", "a"}}).add(2);
  registry.counter("millrace_records_consumed_total", {{"topic", "a"}}).add(3);
  registry.gauge("millrace_lag_records", {{"topic", "a"}, {"partition", "0"}}).set(7);
  registry.gauge("millrace_lag_records", {{"topic", "b"}, {"partition", "0"}}).set(8);
  registry.remove("millrace_lag_records", {{"topic", "b"}, {"partition", "0"}});
  registry.histogram("millrace_commit_seconds").observe(0.004);
  registry.histogram("millrace_commit_seconds").observe_many({{0.004, 3}, {0.002, 2}, {1e9, 1}});  // a bound belongs to its bucket
  auto exposer = Exposer::start(registry, 0);
  ASSERT_TRUE(exposer) << exposer.error().message;
  http::Client client;
  auto answer = client.send({.url = "http://127.0.0.1:" + std::to_string(exposer->port()) + "/metrics"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->body, HasSubstr("# TYPE millrace_records_consumed_total counter"));
  EXPECT_THAT(answer->body, HasSubstr("millrace_records_consumed_total{topic=\"a\"} 5"));
  EXPECT_THAT(answer->body, HasSubstr("millrace_lag_records{partition=\"0\",topic=\"a\"} 7"));
  EXPECT_THAT(answer->body, Not(HasSubstr("topic=\"b\"")));
  EXPECT_THAT(answer->body, HasSubstr("millrace_commit_seconds_bucket{le=\"0.005\"} 6"));
  EXPECT_THAT(answer->body, HasSubstr("millrace_commit_seconds_bucket{le=\"0.002\"} 2"));
  EXPECT_THAT(answer->body, HasSubstr("millrace_commit_seconds_bucket{le=\"+Inf\"} 7"));
}

TEST(Metrics, APartsSamplesAreTheWholesWithALabelMore) {
  Registry whole;
  Registry part(whole, {{"pipeline", "p"}}), other(whole, {{"pipeline", "q"}});
  part.counter("millrace_records_consumed_total", {{"topic", "a"}}).add(2);
  other.counter("millrace_records_consumed_total", {{"topic", "a"}}).add(3);
  part.gauge("millrace_lag_records", {{"topic", "a"}, {"partition", "0"}}).set(7);
  other.gauge("millrace_lag_records", {{"topic", "a"}, {"partition", "0"}}).set(8);
  part.remove("millrace_lag_records", {{"topic", "a"}, {"partition", "0"}});
  EXPECT_THAT(whole.text(), HasSubstr("millrace_records_consumed_total{pipeline=\"p\",topic=\"a\"} 2"));
  EXPECT_THAT(whole.text(), HasSubstr("millrace_records_consumed_total{pipeline=\"q\",topic=\"a\"} 3"));
  EXPECT_THAT(whole.text(), Not(HasSubstr("millrace_lag_records{partition=\"0\",pipeline=\"p\"")));
  EXPECT_THAT(whole.text(), HasSubstr("millrace_lag_records{partition=\"0\",pipeline=\"q\",topic=\"a\"} 8"));
}

TEST(Metrics, HealthSaysWhy) {
  Registry registry;
  std::atomic<bool> healthy = true;
  auto exposer = Exposer::start(registry, 0, [&] { return Health{healthy, healthy ? "fine" : "sink is down"}; });
  ASSERT_TRUE(exposer);
  http::Client client;
  std::string url = "http://127.0.0.1:" + std::to_string(exposer->port()) + "/healthz";
  EXPECT_EQ(client.send({.url = url})->status, 200);
  healthy = false;
  auto answer = client.send({.url = url});
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "sink is down\n");
}

TEST(MetricsDeathTest, UnlistedNameTypeOrLabelEndsTheProcess) {
  Registry registry;
  EXPECT_DEATH(registry.counter("millrace_made_up_total"), "contracts/metrics.yaml");
  EXPECT_DEATH(registry.gauge("millrace_records_consumed_total", {{"topic", "a"}}), "is a counter");
  EXPECT_DEATH(registry.counter("millrace_records_consumed_total", {{"tpic", "a"}}), "other labels");
}

TEST(MetricsContract, NamesHaveAUnitAndHistogramsBuckets) {
  for (const auto& [name, e] : contract()) {
    EXPECT_TRUE(name.starts_with("millrace_")) << name;
    EXPECT_EQ(e.type == "counter", name.ends_with("_total")) << name;
    EXPECT_EQ(e.type == "histogram", !e.buckets.empty()) << name;
    EXPECT_TRUE(std::is_sorted(e.buckets.begin(), e.buckets.end())) << name;
    EXPECT_GT(e.meaning.size(), 10u) << name;
  }
}

TEST(MetricsContract, ListsEveryNameThatTheSourceSpeaksOf) {
  std::regex literal("\"(millrace_[a-z0-9_]+)\"");
  std::set<std::string> unlisted;
  for (const auto& f : std::filesystem::recursive_directory_iterator(std::string(MILLRACE_SOURCE_DIR) + "/src")) {
    auto name = f.path().filename().string();
    if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
    std::ifstream in(f.path());
    for (std::string line; std::getline(in, line);) {
      if (line.find("counter(") == line.npos && line.find("gauge(") == line.npos && line.find("histogram(") == line.npos) continue;
      for (std::sregex_iterator it(line.begin(), line.end(), literal), end; it != end; ++it)
        if (!contract().contains((*it)[1])) unlisted.insert((*it)[1].str() + " in " + f.path().string());
    }
  }
  EXPECT_THAT(unlisted, testing::IsEmpty());
}

}  // namespace
}  // namespace millrace::metrics

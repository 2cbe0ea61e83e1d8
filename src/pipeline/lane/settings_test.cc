#include "pipeline/lane/settings.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace millrace::pipeline {
namespace {

using ::testing::HasSubstr;

Result<WorkerSettings> read(const std::string& text) {
  char name[] = "/tmp/millrace_settings_XXXXXX";
  const std::string folder = mkdtemp(name), path = folder + "/millrace.yaml";
  std::ofstream(path) << text;
  auto settings = read_worker_settings(path);
  std::filesystem::remove_all(folder);
  return settings;
}
std::string refusal(const std::string& text) {
  const auto settings = read(text);
  return settings ? "it was taken" : settings.error().message;
}

const std::string kLeast =
    "topics: [order.created]\n"
    "kafka: {brokers: 'b:9092'}\n"
    "registry: {url: 'http://r:8081'}\n"
    "clickhouse: {url: 'http://c:8123'}\n";

TEST(WorkerSettings, FourLinesAreEnough) {
  const auto settings = read(kLeast);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->pipeline, "millrace");
  EXPECT_FALSE(settings->instance.empty());
  EXPECT_EQ(settings->epoch.linger, std::chrono::milliseconds(500));
}

TEST(WorkerSettings, PresetAndWhatIsSaidBesidesIt) {
  const auto settings = read(kLeast + "epoch: {preset: low-latency, records: 100}\nstart: 2026-11-25T00:00:00Z\nlimits: {in_flight_mb: 7}\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->epoch.linger, std::chrono::milliseconds(20));
  EXPECT_EQ(settings->epoch.records, 100u);
  EXPECT_EQ(settings->start_ms, 1'795'564'800'000);
  EXPECT_EQ(settings->in_flight_bytes_max, size_t{7} << 20);
}

TEST(WorkerSettings, ARefusalNamesLineAndSetting) {
  EXPECT_THAT(refusal(kLeast + "epoch:\n  linger_ms: soon\n"), HasSubstr("millrace.yaml:6: epoch.linger_ms: must be a whole number"));
  EXPECT_THAT(refusal(kLeast + "epoch:\n  lingerms: 5\n"), HasSubstr(":6: epoch.lingerms: there is no such setting; there are linger_ms"));
  EXPECT_THAT(refusal(kLeast + "lanes: 0\n"), HasSubstr(":5: lanes: must be a whole number from 1"));
  EXPECT_THAT(refusal("topics: [a]\nkafka: {}\n"), HasSubstr("kafka.brokers: is missing"));
  EXPECT_THAT(refusal("kafka: {brokers: 'b:1'}\n"), HasSubstr("topics: must list"));
  EXPECT_THAT(refusal(kLeast + "start: latest\n"), HasSubstr("start: 'latest' is neither"));
  EXPECT_THAT(refusal("topics: [a\n"), HasSubstr("millrace.yaml:2: "));
}

TEST(WorkerSettings, RowsGoToClickHouseOrIntoAWarehouse) {
  const std::string kafka = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\n", files = "warehouse: {directory: /w}\n";
  const auto settings = read(kafka + files + "dead_letters: w.dlq\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->warehouse_directory, "/w");
  EXPECT_EQ(settings->alerts, "") << "the pipeline that feeds ClickHouse sends them";
  EXPECT_EQ(read(kafka + files + "dead_letters: w.dlq\nalerts: {topic: pages}\n")->alerts, "pages");
  EXPECT_THAT(refusal(kafka), HasSubstr("clickhouse: is missing: say where rows go"));
  EXPECT_THAT(refusal(kafka + files), HasSubstr("dead_letters: is missing: a warehouse's pipeline needs a topic of its own"));
  EXPECT_THAT(refusal(kLeast + files), HasSubstr(":5: warehouse: this pipeline has `clickhouse` too"));
  EXPECT_THAT(refusal(kafka + "warehouse: {}\ndead_letters: w.dlq\n"), HasSubstr("warehouse.directory: is missing"));
}

TEST(WorkerSettings, BillingHasAnAddress) {
  EXPECT_EQ(read(kLeast)->billing_address, "");
  EXPECT_EQ(read(kLeast + "billing: {address: 'b:8092'}\n")->billing_address, "b:8092");
  EXPECT_THAT(refusal(kLeast + "billing: {}\n"), HasSubstr(":5: billing.address: is missing"));
  EXPECT_THAT(refusal(kLeast + "billing: {address: b}\n"), HasSubstr(":5: billing.address: 'b' must be HOST:PORT"));
}

TEST(WorkerSettings, AlertsHaveATopic) {
  EXPECT_EQ(read(kLeast)->alerts, "millrace.alerts");
  EXPECT_EQ(read(kLeast + "alerts: {topic: pages}\n")->alerts, "pages");
  EXPECT_THAT(refusal(kLeast + "alerts: {topic: ''}\n"), HasSubstr(":5: alerts.topic: must not be empty"));
}

TEST(WorkerSettings, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(read_worker_settings("/nowhere.yaml").error().message, HasSubstr("/nowhere.yaml can't be read"));
}

}  // namespace
}  // namespace millrace::pipeline

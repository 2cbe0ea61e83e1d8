#include "pipeline/lane/settings.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/scratch_directory.h"

namespace millrace::pipeline {
namespace {

using ::testing::HasSubstr;

Result<WorkerSettings> read(const std::string& text) {
  const ScratchDirectory folder;
  const std::string path = folder / "millrace.yaml";
  std::ofstream(path) << text;
  return read_worker_settings(path);
}
// Of a file with one pipeline.
Result<PipelineSettings> read_one(const std::string& text) {
  auto settings = read(text);
  if (!settings) return std::unexpected(settings.error());
  EXPECT_EQ(settings->pipelines.size(), 1u);
  return std::move(settings->pipelines.front());
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
  const auto settings = read_one(kLeast);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->pipeline, "millrace");
  EXPECT_FALSE(settings->instance.empty());
  EXPECT_EQ(settings->epoch.linger, std::chrono::milliseconds(500));
}

TEST(WorkerSettings, PresetAndWhatIsSaidBesidesIt) {
  const auto settings = read_one(kLeast + "epoch: {preset: low-latency, records: 100}\nstart: 2026-11-25T00:00:00Z\nlimits: {in_flight_mb: 7}\n");
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
  EXPECT_THAT(refusal("kafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\nclickhouse: {url: 'http://c:1'}\n"), HasSubstr("topics: must list"));
  EXPECT_THAT(refusal(kLeast + "start: latest\n"), HasSubstr("start: 'latest' is neither"));
  EXPECT_THAT(refusal("topics: [a\n"), HasSubstr("millrace.yaml:2: "));
}

TEST(WorkerSettings, RowsGoToClickHouseOrIntoAWarehouse) {
  const std::string kafka = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\n", files = "warehouse: {directory: /w}\n";
  const auto settings = read_one(kafka + files + "dead_letters: w.dlq\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->warehouse.directory, "/w");
  EXPECT_EQ(settings->alerts, "") << "the pipeline that feeds ClickHouse sends them";
  EXPECT_EQ(read_one(kafka + files + "dead_letters: w.dlq\nalerts: {topic: pages}\n")->alerts, "pages");
  EXPECT_THAT(refusal(kafka), HasSubstr("clickhouse: is missing: say where events go"));
  EXPECT_THAT(refusal(kafka + files), HasSubstr("dead_letters: is missing: a pipeline beside the one for ClickHouse needs a topic of its own"));
  EXPECT_THAT(refusal(kLeast + files), HasSubstr(":5: warehouse: this pipeline has `clickhouse` too"));
  EXPECT_THAT(refusal(kafka + "warehouse: {}\ndead_letters: w.dlq\n"), HasSubstr("warehouse.directory: is missing"));
}

TEST(WorkerSettings, ClickHouseIsAServerOrReplicasOrShards) {
  using Shards = std::vector<std::vector<std::string>>;
  const std::string rest = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\n";
  EXPECT_EQ(read_one(kLeast)->clickhouse_shards, (Shards{{"http://c:8123"}}));
  EXPECT_EQ(read_one(rest + "clickhouse: {urls: ['http://a', 'http://b']}\n")->clickhouse_shards, (Shards{{"http://a", "http://b"}}));
  const auto sharded = read_one(rest + "clickhouse: {shards: [['http://a', 'http://b'], ['http://c']], cluster: events}\n");
  ASSERT_TRUE(sharded) << sharded.error().message;
  EXPECT_EQ(sharded->clickhouse_shards, (Shards{{"http://a", "http://b"}, {"http://c"}}));
  EXPECT_EQ(sharded->clickhouse.url, "http://a");
  EXPECT_EQ(sharded->clickhouse_cluster, "events");
  EXPECT_THAT(refusal(rest + "clickhouse: {}\n"), HasSubstr(":4: clickhouse.url: is missing"));
  EXPECT_THAT(refusal(rest + "clickhouse: {url: 'http://a', urls: ['http://b']}\n"), HasSubstr("clickhouse.urls: `url` is one server"));
  EXPECT_THAT(refusal(rest + "clickhouse: {urls: []}\n"), HasSubstr("clickhouse.urls: must list the URLs"));
  EXPECT_THAT(refusal(rest + "clickhouse: {shards: ['http://a']}\n"), HasSubstr("clickhouse.shards: must list the URLs"));
  EXPECT_THAT(refusal(rest + "clickhouse: {shards: [['http://a'], ['http://a']]}\n"), HasSubstr("http://a is listed twice"));
}

TEST(WorkerSettings, InsertsAreCompressedAsSaid) {
  EXPECT_EQ(read_one(kLeast)->clickhouse.compression, compression::ContentCoding::kNone);
  const std::string rest = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\n";
  EXPECT_EQ(read_one(rest + "clickhouse: {url: 'http://a', compression: zstd}\n")->clickhouse.compression, compression::ContentCoding::kZstd);
  EXPECT_THAT(refusal(rest + "clickhouse: {url: 'http://a', compression: gzip}\n"), HasSubstr("clickhouse.compression: there are `none`, `lz4`"));
}

TEST(WorkerSettings, AWarehouseMayBeABucket) {
  const std::string least = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\ndead_letters: w.dlq\n";
  const auto settings =
      read_one(least +
               "epoch: {linger_ms: 900000}\nwarehouse: {url: 's3://events/a/b/', endpoint: 'http://s:9000', region: eu-west-1, access_key: k, "
               "secret_key: s, spool: /var/tmp}\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(storage_name(settings->warehouse), "s3://events/a/b");
  EXPECT_EQ(settings->warehouse.bucket.endpoint, "http://s:9000");
  EXPECT_EQ(settings->warehouse.bucket.region, "eu-west-1");
  EXPECT_EQ(settings->warehouse.bucket.credentials.secret_key, "s");
  EXPECT_EQ(spool_folder(settings->warehouse), "/var/tmp");
  EXPECT_TRUE(read_one(least + "warehouse: {url: 's3://events'}\n")) << "keys may be in the environment";
  EXPECT_THAT(refusal(least + "warehouse: {url: 'http://events'}\n"), HasSubstr(":5: warehouse.url: 'http://events' must be s3://BUCKET"));
  EXPECT_THAT(refusal(least + "warehouse: {url: 's3://e', directory: /w}\n"), HasSubstr("in one of the two"));
  EXPECT_THAT(refusal(least + "warehouse: {url: 's3://e', access_key: k}\n"), HasSubstr("warehouse.secret_key: is missing"));
  EXPECT_THAT(refusal(least + "warehouse: {directory: /w, endpoint: 'http://s:9000'}\n"), HasSubstr("warehouse.endpoint: there is no such setting"));
  EXPECT_THAT(refusal(kLeast + "epoch: {linger_ms: 60001}\n"), HasSubstr("epoch.linger_ms: must be 60000 at most, except in a pipeline for a `warehouse`"));
}

TEST(WorkerSettings, BillingHasAnAddress) {
  EXPECT_EQ(read_one(kLeast)->billing_address, "");
  EXPECT_EQ(read_one(kLeast + "billing: {address: 'b:8092'}\n")->billing_address, "b:8092");
  EXPECT_THAT(refusal(kLeast + "billing: {}\n"), HasSubstr(":5: billing.address: is missing"));
  EXPECT_THAT(refusal(kLeast + "billing: {address: b}\n"), HasSubstr(":5: billing.address: 'b' must be HOST:PORT"));
}

TEST(WorkerSettings, AlertsHaveATopic) {
  EXPECT_EQ(read_one(kLeast)->alerts, "millrace.alerts");
  EXPECT_EQ(read_one(kLeast + "alerts: {topic: pages}\n")->alerts, "pages");
  EXPECT_THAT(refusal(kLeast + "alerts: {topic: ''}\n"), HasSubstr(":5: alerts.topic: must not be empty"));
}

TEST(WorkerSettings, APipelineMayHaveNoTableAtAll) {
  const std::string kafka = "topics: [a]\nkafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\n", rules = "rules: {catalog: c}\n";
  const auto settings = read_one(kafka + rules + "billing: {address: 'b:1'}\ndead_letters: b.dlq\n");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->clickhouse.url, "");
  EXPECT_EQ(settings->alerts, "");
  EXPECT_THAT(refusal(kafka + "billing: {address: 'b:1'}\ndead_letters: b.dlq\n"), HasSubstr("rules.catalog: is missing: without rules"));
}

const std::string kSeveral =
    "topics: [a, b]\n"
    "kafka: {brokers: 'b:1'}\n"
    "registry: {url: 'http://r:1'}\n"
    "rules: {catalog: c}\n"
    "epoch: {records: 77}\n"
    "pipelines:\n"
    "  - {pipeline: tables, clickhouse: {url: 'http://c:1'}, billing: {address: 'b:2'}}\n";

TEST(WorkerSettings, WhatStandsAboveThePipelinesHoldsForAll) {
  const auto settings =
      read(kSeveral + "  - {pipeline: files, topics: [a], lanes: 1, dead_letters: f.dlq, epoch: {linger_ms: 9000}, warehouse: {directory: /w}}\n" +
           "  - {pipeline: pages, dead_letters: p.dlq, alerts: {}}\n");
  ASSERT_TRUE(settings) << settings.error().message;
  ASSERT_EQ(settings->pipelines.size(), 3u);
  const auto &tables = settings->pipelines[0], &files = settings->pipelines[1], &pages = settings->pipelines[2];
  EXPECT_EQ(tables.topics.size(), 2u);
  EXPECT_EQ(tables.billing_address, "b:2");
  EXPECT_EQ(tables.alerts, "") << "beside others, a pipeline that doesn't name alerts sends none";
  EXPECT_EQ(files.topics.size(), 1u);
  EXPECT_EQ(files.epoch.records, 77u);
  EXPECT_EQ(files.epoch.linger, std::chrono::milliseconds(9000));
  EXPECT_EQ(files.billing_address, "");
  EXPECT_EQ(files.rules.catalog_topic, "c");
  EXPECT_EQ(files.instance, tables.instance);
  EXPECT_EQ(pages.alerts, "millrace.alerts");
  EXPECT_EQ(pages.clickhouse.url, "");
}

TEST(WorkerSettings, PipelinesKeepOutOfEachOthersWay) {
  const std::string files = "dead_letters: f.dlq, warehouse: {directory: /w}}\n";
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: tables, " + files), HasSubstr(":8: pipelines[1].pipeline: there is another `tables`"));
  EXPECT_THAT(refusal(kSeveral + "  - {" + files), HasSubstr("pipelines[1].pipeline: is missing"));
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: more, clickhouse: {url: 'http://d:1'}}\n"),
              HasSubstr("pipelines[1].dead_letters: `tables` sends what comes of a to millrace.dlq too"));
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: p, alerts: {}, " + files + "  - {pipeline: q, dead_letters: q.dlq, alerts: {}}\n"),
              HasSubstr("pipelines[2].alerts: `p` sends what comes of a to millrace.alerts too"));
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: p, billing: {address: 'b:2'}, " + files),
              HasSubstr("pipelines[1].billing: `tables` sends what comes of a to b:2 too"));
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: p, dead_letters: p.dlq, clickhouse: {url: 'http://c:1'}}\n"),
              HasSubstr("pipelines[1].clickhouse: `tables` sends"));
  EXPECT_TRUE(read(kSeveral + "  - {pipeline: p, topics: [c], clickhouse: {url: 'http://c:1'}}\n")) << "other events may go to the same place";
  EXPECT_THAT(refusal(kSeveral + "clickhouse: {url: 'http://c:1'}\n"), HasSubstr(":8: clickhouse: belongs into one of the `pipelines`"));
  EXPECT_THAT(refusal(kSeveral + "  - {pipeline: p, kafka: {}, " + files), HasSubstr("pipelines[1].kafka: there is no such setting"));
  EXPECT_THAT(refusal("kafka: {brokers: 'b:1'}\nregistry: {url: 'http://r:1'}\npipelines: []\n"), HasSubstr(":3: pipelines: must list pipelines"));
}

TEST(WorkerSettings, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(read_worker_settings("/nowhere.yaml").error().message, HasSubstr("/nowhere.yaml can't be read"));
}

}  // namespace
}  // namespace millrace::pipeline

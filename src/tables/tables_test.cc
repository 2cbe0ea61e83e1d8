#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tables/difference.h"

namespace millrace::tables {
namespace {
using columns::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TableDefinition orders() {
  return {"shop",
          "order_created",
          {{"order_id", columns::simple(Kind::kUuid)},
           {"tenant_id", columns::simple(Kind::kString)},
           {"coupon", columns::nullable(columns::simple(Kind::kString))},
           {"event_time", columns::date_time64(3)}}};
}

ExistingTable made() {
  ExistingTable table{.engine = "MergeTree",
                      .engine_full =
                          "MergeTree PARTITION BY toDate(_ingested_at) ORDER BY (tenant_id, event_time) SETTINGS non_replicated_deduplication_window = 10000, "
                          "index_granularity = 8192",
                      .create_query = {},
                      .partition_key = "toDate(_ingested_at)",
                      .columns = {},
                      .indices = {{"_plan_minmax", "_plan", "minmax", 1}},
                      .row_policies = {},
                      .dependents = {}};
  for (const auto& column : orders().events) table.columns.push_back({column.name, columns::to_string(column.type), "", ""});
  for (const auto& meta : meta_columns()) table.columns.push_back({meta.name, meta.type, meta.default_kind, meta.default_expression});
  return table;
}

TEST(TableDefinition, SortsByTenantAndEventTime) {
  EXPECT_THAT(sorting_key(orders()), ElementsAre("`tenant_id`", "`event_time`", "_partition", "_offset"));
  TableDefinition table = orders();
  table.events[1].type = columns::nullable(table.events[1].type);  // no key of a nullable column
  EXPECT_THAT(sorting_key(table), ElementsAre("`event_time`", "_partition", "_offset"));
}

TEST(TableDifference, NothingForATableThatIsRight) {
  const auto d = difference(orders(), made());
  EXPECT_THAT(d.statements, IsEmpty());
  EXPECT_THAT(d.refusals, IsEmpty());
}

TEST(TableDifference, AddsNewFieldsWhereTheSchemaHasThem) {
  TableDefinition table = orders();
  table.events.insert(table.events.begin() + 1, {"channel", columns::low_cardinality(columns::simple(Kind::kString))});
  EXPECT_THAT(difference(table, made()).statements,
              ElementsAre("ALTER TABLE `shop`.`order_created` ADD COLUMN `channel` LowCardinality(String) AFTER `order_id`"));
}

TEST(TableDifference, RefusesWhatBreaksExactlyOnce) {
  const auto refused = [](auto change) {
    ExistingTable table = made();
    change(table);
    const auto d = difference(orders(), table);
    return d.refusals.size() == 1 ? d.refusals[0] : "refusals: " + std::to_string(d.refusals.size());
  };
  EXPECT_THAT(refused([](auto& t) { t.engine = "ReplacingMergeTree"; }), HasSubstr("ReplacingMergeTree"));
  EXPECT_THAT(refused([](auto& t) { t.engine = "Distributed"; }), HasSubstr("Distributed"));
  EXPECT_THAT(
      refused([](auto& t) { t.engine_full = "MergeTree ORDER BY x TTL event_time + toIntervalDay(3) SETTINGS non_replicated_deduplication_window = 10000"; }),
      HasSubstr("TTL event_time"));
  EXPECT_THAT(refused([](auto& t) { t.partition_key = "toDate(event_time)"; }), HasSubstr("PARTITION BY"));
  EXPECT_THAT(refused([](auto& t) { t.row_policies = {"tenants"}; }), HasSubstr("row policy"));
  EXPECT_THAT(refused([](auto& t) { t.columns[10].default_expression = "now()"; }), HasSubstr("_landed_at"));
  EXPECT_THAT(refused([](auto& t) { t.columns[11].default_kind = "DEFAULT"; }), HasSubstr("_deadline"));
  EXPECT_THAT(refused([](auto& t) { t.columns.erase(t.columns.begin() + 4); }), HasSubstr("_plan is missing"));
  EXPECT_THAT(refused([](auto& t) { t.columns[4].type = "UUID"; }), HasSubstr("_plan is UUID"));
  EXPECT_THAT(refused([](auto& t) { t.columns[0].type = "String"; }), HasSubstr("order_id is String"));
}

TEST(TableDifference, AllowsTtlByIngestionAndMendsWindowAndIndex) {
  ExistingTable table = made();
  table.engine_full = "MergeTree ORDER BY x TTL toDateTime(_ingested_at) + toIntervalDay(30) SETTINGS index_granularity = 8192";
  table.indices.clear();
  const auto d = difference(orders(), table);
  EXPECT_THAT(d.refusals, IsEmpty());
  EXPECT_THAT(d.statements,
              ElementsAre(HasSubstr("MODIFY SETTING non_replicated_deduplication_window = 10000"), HasSubstr("ADD INDEX"), HasSubstr("MATERIALIZE INDEX")));
}

TEST(TableOfACluster, IsReplicatedWithinItsShardAndRemembersTokens) {
  TableDefinition table = orders();
  table.cluster = "events";
  const std::string ddl = create_statement(table);
  EXPECT_THAT(ddl, testing::StartsWith("CREATE TABLE IF NOT EXISTS `shop`.`order_created` ON CLUSTER `events`\n(\n"));
  EXPECT_THAT(ddl, HasSubstr("\nENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/order_created', '{replica}')\n"));
  EXPECT_THAT(ddl, testing::EndsWith("SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 3600"));
  EXPECT_THAT(ddl, testing::Not(HasSubstr("non_replicated")));
}

TEST(TableOfACluster, IsAlteredOnAllOfIt) {
  TableDefinition table = orders();
  table.cluster = "events";
  table.events.insert(table.events.begin() + 1, {"channel", columns::low_cardinality(columns::simple(Kind::kString))});
  ExistingTable existing = made();
  existing.engine = "ReplicatedMergeTree";
  existing.engine_full =
      "ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/order_created', '{replica}') ORDER BY x SETTINGS replicated_deduplication_window = 100";
  existing.indices.clear();
  const auto d = difference(table, existing);
  EXPECT_THAT(d.refusals, IsEmpty());
  EXPECT_THAT(d.statements,
              ElementsAre("ALTER TABLE `shop`.`order_created` ON CLUSTER `events` MODIFY SETTING replicated_deduplication_window = 10000",
                          "ALTER TABLE `shop`.`order_created` ON CLUSTER `events` ADD COLUMN IF NOT EXISTS `channel` LowCardinality(String) AFTER `order_id`",
                          HasSubstr(" ON CLUSTER `events` ADD INDEX "), HasSubstr(" ON CLUSTER `events` MATERIALIZE INDEX ")));
  EXPECT_THAT(missing_columns(table, existing).statements,
              ElementsAre(testing::StartsWith("ALTER TABLE `shop`.`order_created` ON CLUSTER `events` ADD COLUMN IF")));
}

TEST(TableOfACluster, IsNoneThatCantTellARepeatedInsert) {
  TableDefinition table = orders();
  table.cluster = "events";
  EXPECT_THAT(difference(table, made()).refusals, ElementsAre(HasSubstr("only a replicated table recognises")));
}

TEST(TableOverAllShards, IsForReadersOnly) {
  TableDefinition table = orders();
  table.cluster = "events";
  const auto d = all_shards_difference(table, std::nullopt);
  ASSERT_EQ(d.statements.size(), 1u);
  EXPECT_THAT(d.statements[0], testing::StartsWith("CREATE TABLE IF NOT EXISTS `shop`.`order_created_all` ON CLUSTER `events`\n(\n    `order_id` UUID,\n"));
  EXPECT_THAT(d.statements[0], testing::EndsWith("    `_landed_at` DateTime\n)\nENGINE = Distributed('events', 'shop', 'order_created')"));
  EXPECT_THAT(d.statements[0], testing::Not(HasSubstr("_deadline")));
}

TEST(TableOverAllShards, GetsTheColumnsThatItsTableGets) {
  TableDefinition table = orders();
  table.cluster = "events";
  ExistingTable existing{
      .engine = "Distributed", .engine_full = {}, .create_query = {}, .partition_key = {}, .columns = {}, .indices = {}, .row_policies = {}, .dependents = {}};
  for (const auto& column : all_shards_columns(table)) existing.columns.push_back({column.name, columns::to_string(column.type), "", ""});
  EXPECT_THAT(all_shards_difference(table, existing).statements, IsEmpty());
  table.events.push_back({"channel", columns::simple(Kind::kString)});
  EXPECT_THAT(all_shards_difference(table, existing).statements,
              ElementsAre("ALTER TABLE `shop`.`order_created_all` ON CLUSTER `events` ADD COLUMN IF NOT EXISTS `channel` String"));
  existing.columns[0].type = "String";
  EXPECT_THAT(all_shards_difference(table, existing).refusals, ElementsAre(HasSubstr("order_id of")));
  existing.engine = "MergeTree";
  EXPECT_THAT(all_shards_difference(table, existing).refusals, ElementsAre(HasSubstr("not Distributed")));
}

TEST(TableDifference, RefusesFieldsWithNamesOfThePipeline) {
  TableDefinition table = orders();
  table.events.push_back({"_plan", columns::simple(Kind::kString)});
  EXPECT_THAT(difference(table, std::nullopt).refusals, ElementsAre(HasSubstr("_plan")));
}

}  // namespace
}  // namespace millrace::tables

#include "pipeline/lane/epoch_rows.h"

#include <gmock/gmock.h>

#include "columns/native_writer.h"
#include "pipeline/decode/registry_testing.h"

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::framed;
using testing::order;
using Why = EpochRows::Progress::Why;

const TopicPartition kA{"order.created", PartitionId(0)}, kB{"order.created", PartitionId(1)};

struct EpochRowsTest : ::testing::Test {
  EpochRowsTest() {
    registry.schemas[1] = testing::kOrder;
    SchemaCacheSettings all;
    all.registry_url = registry.url;
    all.missing_retry_after = 1ms;
    schemas = std::make_unique<SchemaCache>(all, metrics);
    catalog = std::make_shared<const Catalog>(*ReaderSchemas::create({{"order.created", {1, SchemaId(1), testing::kOrder}}}));
  }
  EpochRows epoch(GivenUpPolicy policy = GivenUpPolicy::kDecide) { return {catalog, *schemas, pool, policy}; }
  // 20 records; the fourth has an unknown schema, the seventh is cut short, the eighth a tombstone.
  testing::Records mixed(int64_t begin = 100) {
    testing::Records records;
    for (int64_t i = 0; i < 20; ++i) {
      std::string value = framed(i == 3 ? 99 : 1, order(i, "note " + std::to_string(i)));
      if (i == 6) value.resize(value.size() - 2);
      records.add(begin + i * 2, std::move(value), i == 7);
    }
    return records;
  }
  static std::string native(std::vector<TopicRows> rows) {
    columns::Buffer out;
    for (const TopicRows& topic : rows) columns::write_native(topic.rows, out);
    return std::string(out.view());
  }
  testing::RegistryFixture registry;
  metrics::Registry metrics;
  std::unique_ptr<SchemaCache> schemas;
  CatalogPtr catalog;
  EpochMemory pool;
};

TEST_F(EpochRowsTest, EveryRecordIsARowOrRejected) {
  auto rows = epoch();
  const auto records = mixed();
  rows.begin_range(kA, Offset(100));
  const auto progress = rows.append(records.run(kA), 10, 5s);
  EXPECT_EQ(progress.records, 20u);
  EXPECT_EQ(progress.why, Why::kAll);
  ASSERT_EQ(rows.rejected().size(), 3u);
  EXPECT_EQ(rows.rejected()[0].rejection.code, RejectionCode::kUnknownSchema);
  EXPECT_EQ(rows.rejected()[0].offset, Offset(106));
  EXPECT_EQ(rows.rejected()[0].attempts, 4);
  EXPECT_EQ(rows.rejected()[1].rejection.code, RejectionCode::kBadLength);
  EXPECT_EQ(rows.rejected()[1].attempts, 4) << "once, and three times again";
  EXPECT_EQ(rows.rejected()[1].schema, SchemaId(1));
  EXPECT_EQ(rows.rejected()[2].rejection.code, RejectionCode::kTombstone);
  const CollectedRange& range = rows.ranges().at(kA);
  EXPECT_EQ(range.offsets, (OffsetRange{Offset(100), Offset(139)}));
  EXPECT_EQ(range.records, 20u);
  EXPECT_THAT(range.given_up, ::testing::ElementsAre(std::pair(Offset(106), RejectionCode::kUnknownSchema)));
  const auto taken = rows.take_rows();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].rows.rows(), 17u);
  EXPECT_EQ(taken[0].rows.column(0).value<int64_t>(4), 5) << "rows are in order of offset";
  EXPECT_EQ(taken[0].rows.column(3).value<int64_t>(4), 110);
}

TEST_F(EpochRowsTest, RowsDoNotDependOnHowTheRecordsWereBatched) {
  const auto records = mixed();
  auto whole = epoch();
  whole.begin_range(kA, Offset(100));
  whole.append(records.run(kA), 10, 5s);
  auto pieces = epoch();
  pieces.begin_range(kA, Offset(100));
  for (size_t i = 0; i < records.size(); i += 3) pieces.append(records.run(kA, i, 3), 10, 5s);
  EXPECT_EQ(whole.ranges().at(kA).checksum, pieces.ranges().at(kA).checksum);
  EXPECT_EQ(native(whole.take_rows()), native(pieces.take_rows()));
}

TEST_F(EpochRowsTest, WhoMakesThemAgainGivesUpWhatThePlanGaveUp) {
  const auto records = mixed();
  auto planned = epoch();
  planned.begin_range(kA, Offset(100));
  planned.append(records.run(kA), 10, 5s);
  registry.schemas[99] = testing::kOrder;  // registered meanwhile: it must make no difference
  SchemaCacheSettings all;
  all.registry_url = registry.url;
  SchemaCache fresh(all, metrics);
  EpochRows again(catalog, fresh, pool, GivenUpPolicy::kAsGiven);
  again.begin_range(kA, Offset(100), planned.ranges().at(kA).given_up);
  EXPECT_EQ(again.append(records.run(kA), 0, 5s).records, 20u);
  EXPECT_EQ(again.ranges().at(kA).checksum, planned.ranges().at(kA).checksum);
  ASSERT_EQ(again.rejected().size(), 3u);
  EXPECT_EQ(again.rejected()[0].rejection.code, RejectionCode::kUnknownSchema);
  EXPECT_EQ(native(again.take_rows()), native(planned.take_rows()));
}

TEST_F(EpochRowsTest, WhoMakesThemAgainWaitsForASchemaThatThePlanKnew) {
  testing::Records records;
  records.add(5, framed(1, order(1, "a")));
  records.add(6, framed(99, order(2, "b")));
  auto again = epoch(GivenUpPolicy::kAsGiven);
  again.begin_range(kA, Offset(5));
  const auto progress = again.append(records.run(kA), 0, 5s);
  EXPECT_EQ(progress.why, Why::kSchemaAwaited);
  EXPECT_EQ(progress.records, 1u);
}

TEST_F(EpochRowsTest, ARegistryOutageIsNoReasonToRejectARecord) {
  registry.broken = true;
  testing::Records records;
  records.add(5, framed(42, order(1, "a")));
  auto rows = epoch();
  rows.begin_range(kA, Offset(5));
  const auto progress = rows.append(records.run(kA), 10, 5s);
  EXPECT_EQ(progress.why, Why::kSchemaAwaited);
  EXPECT_EQ(progress.records, 0u);
  EXPECT_TRUE(rows.rejected().empty());
}

TEST_F(EpochRowsTest, IsFullWhenThePlanHasNoPlaceForAnotherGivenUpRecord) {
  testing::Records records;
  for (int64_t i = 0; i < 5; ++i) records.add(i, framed(99, order(i, "")));
  auto rows = epoch();
  rows.begin_range(kA, Offset(0));
  const auto progress = rows.append(records.run(kA), 2, 5s);
  EXPECT_EQ(progress.why, Why::kFull);
  EXPECT_EQ(progress.records, 2u);
  EXPECT_EQ(rows.ranges().at(kA).offsets.end, Offset(2));
}

TEST_F(EpochRowsTest, DroppingAPartitionLeavesTheOthersAsIfItHadNeverBeenThere) {
  const auto a = mixed(100), b = mixed(500);
  auto both = epoch();
  both.begin_range(kA, Offset(100));
  both.begin_range(kB, Offset(500));
  both.append(a.run(kA, 0, 10), 10, 5s);
  both.append(b.run(kB), 10, 5s);
  both.append(a.run(kA, 10), 10, 5s);
  both.drop({kA});
  auto alone = epoch();
  alone.begin_range(kB, Offset(500));
  alone.append(b.run(kB), 10, 5s);
  EXPECT_EQ(both.records(), 20u);
  EXPECT_EQ(both.bytes(), alone.bytes());
  EXPECT_EQ(both.rejected().size(), 3u);
  EXPECT_FALSE(both.has_range(kA));
  EXPECT_EQ(native(both.take_rows()), native(alone.take_rows()));
}

TEST_F(EpochRowsTest, ABlockThatComesBackIsFilledAgainFromItsBeginning) {
  testing::Records records;
  records.add(1, framed(1, order(1, "x")));
  for (int turn = 0; turn < 3; ++turn) {
    auto rows = epoch();
    rows.begin_range(kA, Offset(1));
    rows.append(records.run(kA), 1, 5s);
    auto taken = rows.take_rows();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].rows.rows(), 1u);
    pool.give_back(taken[0].topic, std::move(taken[0].rows));
  }
}

// The tenant is in `note`.
struct EpochRowsWithRules : EpochRowsTest {
  EpochRowsWithRules() {
    RuleSettings settings;
    settings.tenant_column = "note";
    catalog_topic::CatalogContents contents;
    auto source = std::make_shared<catalog_topic::RuleSetSource>();
    source->text = R"(
tenant: acme
topics:
  order.created:
    validate: [{name: small, that: id < 15}]
    drop: [{name: even, when: id % 2 == 0}]
    set: {twice: id * 2}
    alert:
      - {name: odd, when: id % 2 == 1, severity: info, title: '"odd " + string(id)', fields: [twice]}
      - {name: eleven, when: id == 11 || id == 17, severity: critical, title: note, key: id}
)";
    contents.tenants["acme"] = source;
    auto schemas_of = *ReaderSchemas::create({{"order.created", {1, SchemaId(1), testing::kOrder}}});
    auto book = RuleBookCompiler(settings, schemas_of).compile(contents);
    EXPECT_TRUE(book) << book.error().message;
    catalog = std::make_shared<const Catalog>(schemas_of, *book, Uuid{1, 2});
  }
  // As mixed(), of two tenants.
  testing::Records records() {
    testing::Records all;
    for (int64_t i = 0; i < 20; ++i) {
      std::string value = framed(1, order(i, i == 9 ? "who" : "acme"));
      if (i == 6) value.resize(value.size() - 2);
      all.add(100 + i * 2, std::move(value), i == 7);
    }
    return all;
  }
};

TEST_F(EpochRowsWithRules, EveryRecordIsARowOrRejectedOrCountedAsLeftOut) {
  auto rows = epoch();
  const auto all = records();
  rows.begin_range(kA, Offset(100));
  EXPECT_EQ(rows.append(all.run(kA), 10, 5s).records, 20u);
  std::vector<std::pair<int64_t, RejectionCode>> rejected;
  for (const RejectedRecord& each : rows.rejected()) rejected.emplace_back((each.offset.value - 100) / 2, each.rejection.code);
  EXPECT_THAT(rejected, ::testing::ElementsAre(std::pair(6, RejectionCode::kBadLength), std::pair(7, RejectionCode::kTombstone),
                                               std::pair(9, RejectionCode::kUnknownTenant), std::pair(15, RejectionCode::kInvalid),
                                               std::pair(16, RejectionCode::kInvalid), std::pair(17, RejectionCode::kInvalid),
                                               std::pair(18, RejectionCode::kInvalid), std::pair(19, RejectionCode::kInvalid)));
  EXPECT_EQ(rows.rejected()[3].value, framed(1, order(15, "acme")));
  EXPECT_EQ(rows.rejected()[3].schema, SchemaId(1));
  EXPECT_EQ(rows.ranges().at(kA).dropped, 7u) << "0 2 4 8 10 12 14";
  const columns::Block left_out = rows.left_out();
  ASSERT_EQ(left_out.rows(), 1u);
  EXPECT_EQ(left_out.column(2).value<int64_t>(0), 100);
  EXPECT_EQ(left_out.column(3).value<int64_t>(0), 139);
  EXPECT_EQ(left_out.column(4).value<uint32_t>(0), 7u);
  const auto taken = rows.take_rows();
  ASSERT_EQ(taken.size(), 1u);
  ASSERT_EQ(taken[0].rows.rows(), 5u) << "1 3 5 11 13";
  EXPECT_EQ(taken[0].rows.column(static_cast<size_t>(taken[0].rows.find("twice"))).child(0).value<int64_t>(3), 22);
  EXPECT_EQ(taken[0].rows.column(3).value<int64_t>(3), 122) << "the offset of 11";
  EXPECT_EQ(pool.figures().tenants["acme"].delivered, 5u);
  EXPECT_EQ(pool.figures().tenants[""].rejected, 1u);
}

TEST_F(EpochRowsWithRules, RowsDoNotDependOnHowTheRecordsWereBatched) {
  const auto all = records();
  auto whole = epoch();
  whole.begin_range(kA, Offset(100));
  whole.append(all.run(kA), 10, 5s);
  auto pieces = epoch();
  pieces.begin_range(kA, Offset(100));
  for (size_t i = 0; i < all.size(); i += 3) pieces.append(all.run(kA, i, 3), 10, 5s);
  ASSERT_EQ(whole.rejected().size(), pieces.rejected().size());
  for (size_t i = 0; i < whole.rejected().size(); ++i) EXPECT_EQ(whole.rejected()[i].rejection.reason, pieces.rejected()[i].rejection.reason);
  EXPECT_EQ(whole.ranges().at(kA).dropped, pieces.ranges().at(kA).dropped);
  EXPECT_EQ(native(whole.take_rows()), native(pieces.take_rows()));
}

TEST_F(EpochRowsWithRules, DroppingAPartitionLeavesTheOthersAsIfItHadNeverBeenThere) {
  const auto all = records();
  auto both = epoch();
  both.begin_range(kA, Offset(100));
  both.begin_range(kB, Offset(100));
  both.append(all.run(kA), 10, 5s);
  both.append(all.run(kB), 10, 5s);
  both.drop({kA});
  auto alone = epoch();
  alone.begin_range(kB, Offset(100));
  alone.append(all.run(kB), 10, 5s);
  EXPECT_EQ(both.left_out().rows(), 1u);
  EXPECT_EQ(native(both.take_rows()), native(alone.take_rows()));
}

std::vector<std::string> alerts_of(const EpochRows& rows, const TopicPartition& partition) {
  std::vector<std::string> values;
  const std::string topic = "millrace.alerts";
  for (const Alert& alert : rows.ranges().at(partition).alerts) (void)alert.outgoing(topic, SchemaId(5), 1, values.emplace_back());
  return values;
}

TEST_F(EpochRowsWithRules, DeliveredRecordsRaiseAlertsInTheOrderOfTheLogAndOfTheRules) {
  auto rows = epoch();
  const auto all = records();
  rows.begin_range(kA, Offset(100));
  rows.append(all.run(kA), 10, 5s);
  std::vector<std::string> ids;
  for (const std::string& value : alerts_of(rows, kA)) ids.push_back(value.substr(6, value.find('\x1a', 6) - 6));  // up to the topic's length
  EXPECT_THAT(ids, ::testing::ElementsAre("order.created/0/102/odd", "order.created/0/106/odd", "order.created/0/110/odd", "order.created/0/122/odd",
                                          "order.created/0/122/eleven", "order.created/0/126/odd"))
      << "7 and 9 have no row, 15 and above are rejected";
  EXPECT_THAT(alerts_of(rows, kA)[3], ::testing::AllOf(::testing::HasSubstr("odd 11"), ::testing::HasSubstr("twice"), ::testing::HasSubstr("22"),
                                                       ::testing::HasSubstr("acme"), ::testing::HasSubstr("00000000-0000-0001-0000-000000000002")));
}

TEST_F(EpochRowsWithRules, AlertsDoNotDependOnHowTheRecordsWereBatched) {
  const auto all = records();
  auto whole = epoch();
  whole.begin_range(kA, Offset(100));
  whole.append(all.run(kA), 10, 5s);
  for (const size_t step : {1u, 3u}) {
    auto pieces = epoch(GivenUpPolicy::kAsGiven);
    pieces.begin_range(kA, Offset(100));
    for (size_t i = 0; i < all.size(); i += step) pieces.append(all.run(kA, i, step), 0, 5s);
    EXPECT_EQ(alerts_of(whole, kA), alerts_of(pieces, kA));
  }
}

TEST_F(EpochRowsWithRules, AlertsTakeTheirPlaceInTheEpochAndGoWithTheirPartition) {
  const auto all = records();
  auto rows = epoch();
  rows.begin_range(kA, Offset(100));
  rows.append(all.run(kA), 10, 5s);
  size_t of_alerts = 0;
  for (const Alert& alert : rows.ranges().at(kA).alerts) of_alerts += alert.bytes();
  EXPECT_GT(of_alerts, 6 * 100u);
  EXPECT_EQ(rows.bytes(), rows.ranges().at(kA).bytes + of_alerts);
  const size_t alone = rows.bytes();
  rows.begin_range(kB, Offset(100));
  rows.append(all.run(kB), 10, 5s);
  rows.drop({kB});
  EXPECT_EQ(rows.bytes(), alone);
  rows.drop({kA});
  EXPECT_EQ(rows.bytes(), 0u);
}

}  // namespace
}  // namespace millrace::pipeline

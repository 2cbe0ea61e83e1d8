#include <gmock/gmock.h>

#include <filesystem>

#include "columns/native_writer.h"
#include "base/scratch_directory.h"
#include "pipeline/decode/registry_testing.h"
#include "pipeline/lane/epoch_rows.h"

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;

const TopicPartition kFirst{"order.created", PartitionId(0)}, kSecond{"order.created", PartitionId(1)};

struct EpochSpoolTest : ::testing::Test {
  EpochSpoolTest() {
    registry.schemas[1] = testing::kOrder;
    SchemaCacheSettings all;
    all.registry_url = registry.url;
    schemas = std::make_unique<SchemaCache>(all, metrics);
    catalog = std::make_shared<const Catalog>(*ReaderSchemas::create({{"order.created", {1, SchemaId(1), testing::kOrder}}}));
  }

  // 2,000 records of about 1 KB; each tenth is cut short.
  static testing::Records records_of(int64_t first) {
    testing::Records records;
    for (int64_t i = first; i < first + 2000; ++i) {
      std::string value = testing::framed(1, testing::order(i, std::string(1000, static_cast<char>('a' + i % 26))));
      if (i % 10 == 0) value.resize(value.size() - 2);
      records.add(i, std::move(value));
    }
    return records;
  }
  // Both partitions, in turns of so many records.
  void fill(EpochRows& rows, size_t turn) const {
    rows.begin_range(kFirst, Offset(0)), rows.begin_range(kSecond, Offset(50'000));
    for (size_t at = 0; at < 2000; at += turn)
      for (const auto& [partition, records] : {std::pair(kFirst, &first), std::pair(kSecond, &second)}) {
        EXPECT_EQ(rows.append(records->run(partition, at, std::min(turn, 2000 - at)), 10, 5s).records, std::min(turn, 2000 - at));
        EXPECT_TRUE(rows.make_room());
      }
  }
  // What the sink makes files of, each partition's rows in one block.
  static std::string content(EpochRows& rows, size_t* pieces = nullptr) {
    columns::Buffer out;
    for (const TopicRows& part : rows.take_rows()) {
      std::vector<columns::NamedType> types;
      for (size_t i = 0; i < part.rows.column_count(); ++i) types.push_back({part.rows.name(i), part.rows.column(i).type()});
      columns::Block whole(types);
      const auto add = [&](const columns::Block& block) {
        for (size_t i = 0; i < whole.column_count(); ++i) whole.column(i).append_rows(block.column(i), 0, block.rows());
        whole.set_rows(whole.rows() + block.rows());
      };
      for (const RowSpool::Piece& piece : part.before.pieces) add(*part.before.spool->read(piece));
      if (pieces != nullptr) *pieces += part.before.pieces.size();
      add(part.rows);
      columns::write_native(whole, out);
    }
    return std::string(out.view());
  }
  testing::RegistryFixture registry;
  metrics::Registry metrics;
  std::unique_ptr<SchemaCache> schemas;
  CatalogPtr catalog;
  ScratchDirectory scratch;
  std::string folder = scratch.path();
  testing::Records first = records_of(0), second = records_of(50'000);
};

TEST_F(EpochSpoolTest, RowsComeInTheOrderOfThePlanHoweverTheyWereReadAndPutAside) {
  EpochMemory roomy(SpoolSettings{.folder = folder, .bytes_in_memory = size_t{1} << 30, .record_bytes_in_memory = size_t{1} << 30, .time_column = ""}),
      tight(SpoolSettings{.folder = folder, .bytes_in_memory = size_t{300} << 10, .time_column = ""});
  EpochRows in_memory(catalog, *schemas, roomy), aside(catalog, *schemas, tight);
  fill(in_memory, 2000);
  fill(aside, 37);
  EXPECT_EQ(in_memory.bytes_in_memory(), in_memory.bytes());
  EXPECT_LT(aside.bytes_in_memory(), aside.bytes() / 3) << "a tenth is rejected, and stays in memory";
  EXPECT_EQ(aside.ranges().at(kFirst).checksum, in_memory.ranges().at(kFirst).checksum);
  size_t pieces = 0;
  EXPECT_EQ(content(aside, &pieces), content(in_memory));
  EXPECT_GT(pieces, 8u);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(EpochSpoolTest, RecordsThatAreLargerThanTheirRowsArePutAsideToo) {
  EpochMemory many(SpoolSettings{.folder = folder, .bytes_in_memory = size_t{1} << 30, .record_bytes_in_memory = size_t{300} << 10, .time_column = ""});
  EpochRows rows(catalog, *schemas, many);
  fill(rows, 100);
  EXPECT_LT(rows.bytes_in_memory(), rows.bytes() / 3);
  EXPECT_LT(rows.records_in_memory(), rows.records() / 3);
}

TEST_F(EpochSpoolTest, APartitionThatGoesTakesItsRowsOnDiskWithIt) {
  EpochMemory tight(SpoolSettings{.folder = folder, .bytes_in_memory = size_t{300} << 10, .time_column = ""});
  EpochRows both(catalog, *schemas, tight), alone(catalog, *schemas, tight);
  fill(both, 100);
  both.drop({kSecond});
  alone.begin_range(kFirst, Offset(0));
  alone.append(first.run(kFirst), 10, 5s);
  EXPECT_EQ(both.records(), 2000u);
  EXPECT_EQ(both.bytes(), alone.bytes());
  EXPECT_LE(both.bytes_in_memory(), both.bytes());
  EXPECT_EQ(content(both), content(alone));
}

TEST_F(EpochSpoolTest, WhereNothingCanBePutAsideRowsStayAndTheNextCallTriesAgain) {
  std::filesystem::remove_all(folder);
  EpochMemory tight(SpoolSettings{.folder = folder, .bytes_in_memory = size_t{300} << 10, .time_column = ""});
  EpochRows rows(catalog, *schemas, tight);
  rows.begin_range(kFirst, Offset(0));
  rows.append(first.run(kFirst), 10, 5s);
  const Status room = rows.make_room();
  ASSERT_FALSE(room);
  EXPECT_THAT(room.error().message, ::testing::HasSubstr(folder));
  EXPECT_EQ(rows.bytes_in_memory(), rows.bytes());
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(rows.make_room());
  EXPECT_LT(rows.bytes_in_memory(), rows.bytes() / 3);
}

}  // namespace
}  // namespace millrace::pipeline

#include "tools/audit/warehouse_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/scratch_directory.h"
#include "clients/parquet/write_file.h"
#include "tools/audit/compare.h"

namespace millrace::audit {
namespace {

using columns::Kind;

struct WarehouseFiles : testing::Test {
  ScratchDirectory scratch;
  std::filesystem::path root = scratch.path();
  std::vector<LogRecord> records;
  std::vector<Finding> findings;

  WarehouseFiles() {
    std::filesystem::create_directories(root / "_manifest");
    for (int64_t offset = 0; offset < 8; ++offset) records.push_back({offset, 0, identity(offset), true});
  }

  static Identity identity(int64_t offset) {
    Identity identity{Uuid{7, static_cast<uint64_t>(offset)}, hash_of("acme"), 0, true, true, offset != 3};
    if (identity.has_amount) identity.amount = identity_of_amount(static_cast<__int128>(offset * 100 + 5) * 10'000'000'000'000'000);  // of hundredths
    return identity;
  }

  // As the sink writes it: what is the same in all rows stands apart.
  void write(const std::string& path, const columns::Block& rows, const columns::Block& same) const {
    std::ofstream file(root / path, std::ios::binary);
    const parquet::Rows part{&rows, &same};
    const Status written = parquet::write_file({&part, 1}, {}, {.row_group_rows = 3}, [&](std::string_view bytes) -> Status {
      file << bytes;
      return {};
    });
    ASSERT_TRUE(written) << written.error().message;
  }
  void write_events(const std::string& path, const std::vector<int64_t>& offsets) const {
    columns::Block rows({{"event_id", columns::simple(Kind::kUuid)},
                         {"tenant", columns::low_cardinality(columns::simple(Kind::kString))},
                         {"amount", columns::nullable(columns::decimal(18, 2))},
                         {"_partition", columns::simple(Kind::kInt32)},
                         {"_offset", columns::simple(Kind::kInt64)}});
    for (const int64_t offset : offsets) {
      rows.column(0).append(Uuid{7, static_cast<uint64_t>(offset)});
      rows.column(1).append_text("acme");
      if (offset == 3)
        rows.column(2).append_null();
      else
        rows.column(2).append_not_null(), rows.column(2).child(0).append<int64_t>(offset * 100 + 5);
      rows.column(3).append<int32_t>(2);
      rows.column(4).append<int64_t>(offset);
      rows.end_row();
    }
    write(path, rows, topic("order.created"));
  }
  static columns::Block topic(const std::string& name) {
    columns::Block same({{"_topic", columns::low_cardinality(columns::simple(Kind::kString))}});
    same.column(0).append_text(name);
    same.end_row();
    return same;
  }
  void manifest(const std::string& plan, const std::string& path, const std::string& table, size_t rows, const std::string& pipeline = "w") const {
    std::ofstream(root / "_manifest" / (plan + ".json"))
        << nlohmann::json{{"version", 1}, {"pipeline", pipeline}, {"plan", plan}, {"files", {{{"path", path}, {"table", table}, {"rows", rows}}}}};
  }

  Result<Warehouse> opened(const std::string& pipeline = "w") const { return Warehouse::open(std::move(*open_store(root, {})), pipeline); }
  Totals compared(const LeftOutRanges& left_out = {}) {
    const auto warehouse = opened();
    EXPECT_TRUE(warehouse) << warehouse.error().message;
    auto rows = warehouse->rows("order.created");
    EXPECT_TRUE(rows) << rows.error().message;
    const auto ranges = left_out.contains(2) ? left_out.at(2) : std::vector<LeftOut>();
    return compare({"order.created", 2, records, (*rows)[2], {}, ranges}, 20, findings);
  }
};

TEST_F(WarehouseFiles, WhatManifestsNameIsThereWithItsIdentity) {
  write_events("a.parquet", {0, 1, 2, 3, 4});
  write_events("b.parquet", {7, 5, 6});
  write_events("c.parquet", {0, 1, 2});  // of a plan that isn't finished
  manifest("a", "a.parquet", "order_created", 5);
  manifest("b", "b.parquet", "order_created", 3);
  manifest("other", "c.parquet", "order_created", 3, "another pipeline");
  const Totals totals = compared();
  EXPECT_EQ(totals.rows, 8u);
  EXPECT_EQ(totals.wrong(), 0u) << (findings.empty() ? "" : findings[0].what);
}

TEST(WarehouseStores, AreDirectoriesThatAreThereOrBucketsThatHaveAName) {
  EXPECT_THAT(open_store("/no/such", {}).error().message, testing::HasSubstr("/no/such is no directory"));
  EXPECT_THAT(open_store("s3:///events", {}).error().message, testing::HasSubstr("names no bucket"));
  EXPECT_EQ((*open_store("s3://lake/events/", {}))->name(), "s3://lake/events/");
  EXPECT_EQ((*open_store("s3://lake", {}))->name(), "s3://lake/");
}

TEST_F(WarehouseFiles, MissingDoubledAndDifferingRowsAreFound) {
  write_events("a.parquet", {0, 1, 2, 3, 4});
  write_events("b.parquet", {4, 5, 6});
  manifest("a", "a.parquet", "order_created", 5);
  manifest("b", "b.parquet", "order_created", 3);
  records[0].identity.amount = 1;
  records[1].identity.event_id.low = 99;
  const Totals totals = compared();
  EXPECT_EQ(totals.missing, 1u);
  EXPECT_EQ(totals.doubled, 1u);
  EXPECT_EQ(totals.differing, 2u);
}

TEST_F(WarehouseFiles, WhatRulesLeftOutIsNotMissing) {
  write_events("a.parquet", {0, 1, 2, 3, 4, 5});
  manifest("a", "a.parquet", "order_created", 6);
  columns::Block left_out({{"_partition", columns::simple(Kind::kInt32)},
                           {"begin", columns::simple(Kind::kInt64)},
                           {"end", columns::simple(Kind::kInt64)},
                           {"left_out", columns::simple(Kind::kUInt32)}});
  left_out.column(0).append<int32_t>(2), left_out.column(1).append<int64_t>(0), left_out.column(2).append<int64_t>(8), left_out.column(3).append<uint32_t>(2);
  left_out.end_row();
  write("b.parquet", left_out, topic("order.created"));
  manifest("b", "b.parquet", "millrace_left_out", 1);
  const auto warehouse = opened();
  ASSERT_TRUE(warehouse);
  const auto ranges = warehouse->left_out("order.created");
  ASSERT_TRUE(ranges) << ranges.error().message;
  EXPECT_EQ(compared(*ranges).wrong(), 0u);
  EXPECT_EQ(compared().missing, 2u);
}

TEST_F(WarehouseFiles, AFileThatIsNotWhatItsManifestSaysIsNamed) {
  write_events("a.parquet", {0, 1});
  manifest("a", "a.parquet", "order_created", 3);
  auto rows = opened()->rows("order.created");
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, testing::HasSubstr("a.parquet has 2 rows, its manifest says 3"));
  std::filesystem::remove(root / "a.parquet");
  rows = opened()->rows("order.created");
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, testing::HasSubstr("a.parquet"));
}

}  // namespace
}  // namespace millrace::audit

#include "clients/parquet/write_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/scratch_directory.h"
#include "clients/parquet/read_file.h"

namespace millrace::parquet {
namespace {

using columns::Kind;

columns::Block rows_from(int64_t first, size_t count) {
  columns::Block block({{"id", columns::simple(Kind::kInt64)},
                        {"name", columns::simple(Kind::kString)},
                        {"country", columns::low_cardinality(columns::nullable(columns::simple(Kind::kString)))}});
  for (int64_t i = first; i < first + static_cast<int64_t>(count); ++i) {
    block.column(0).append(i);
    block.column(1).append_text("name " + std::to_string(i));
    if (i % 3 == 0)
      block.column(2).append_null();
    else
      block.column(2).append_text(i % 3 == 1 ? "NL" : "DE");
    block.end_row();
  }
  return block;
}

std::string bytes_of(const std::vector<Rows>& parts, const WriteSettings& settings = {}) {
  std::string bytes;
  const Status status = write_file(parts, {}, settings, [&](std::string_view more) -> Status { return bytes += more, Status{}; });
  EXPECT_TRUE(status) << status.error().message;
  return bytes;
}

struct Folder {
  ScratchDirectory scratch;
  std::filesystem::path path = scratch.path();
  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }
};

TEST(WriteFile, TheSameRowsAreTheSameBytes) {
  const auto one = rows_from(0, 1000), other = rows_from(0, 1000);
  EXPECT_EQ(bytes_of({{&one, nullptr}}), bytes_of({{&other, nullptr}}));
}

TEST(WriteFile, KeysThatRowsLeftBehindAreNotInTheFile) {
  auto filtered = rows_from(0, 6);
  filtered.keep(std::vector<uint8_t>{1, 1, 0, 0, 0, 0});
  const auto plain = rows_from(0, 2);
  EXPECT_EQ(bytes_of({{&filtered, nullptr}}), bytes_of({{&plain, nullptr}}));
}

TEST(SameRows, TellsRowsAndNotRowGroups) {
  const Folder folder;
  const auto all = rows_from(0, 1000), first = rows_from(0, 400), second = rows_from(400, 600), others = rows_from(1, 1000);
  WriteSettings small;
  small.row_group_rows = 128;
  const auto one = folder.put("one", bytes_of({{&all, nullptr}}));
  const auto parts = folder.put("parts", bytes_of({{&first, nullptr}, {&second, nullptr}}, small));
  EXPECT_EQ(row_count(parts).value_or(-1), 1000);
  EXPECT_TRUE(same_rows(one, parts).value());
  EXPECT_FALSE(same_rows(one, folder.put("others", bytes_of({{&others, nullptr}}))).value());
  EXPECT_FALSE(same_rows(one, folder.put("fewer", bytes_of({{&first, nullptr}}))).value());
}

TEST(SameRows, SaysWhichFileIsBroken) {
  const Folder folder;
  const auto broken = folder.put("broken", "PAR1 and no more");
  const auto answer = same_rows(broken, broken);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find(broken), std::string::npos) << answer.error().message;
}

TEST(WriteFile, OneRowStandsForAll) {
  const Folder folder;
  columns::Block same({{"topic", columns::low_cardinality(columns::simple(Kind::kString))}, {"plan", columns::simple(Kind::kUuid)}});
  same.column(0).append_text("clicks"), same.column(1).append(Uuid{1, 2}), same.end_row();
  const auto rows = rows_from(0, 10);
  columns::Block spelled_out({{"id", columns::simple(Kind::kInt64)},
                              {"name", columns::simple(Kind::kString)},
                              {"country", columns::low_cardinality(columns::nullable(columns::simple(Kind::kString)))},
                              {"topic", columns::low_cardinality(columns::simple(Kind::kString))},
                              {"plan", columns::simple(Kind::kUuid)}});
  for (size_t i = 0; i < 3; ++i) spelled_out.column(i).append_rows(rows.column(i), 0, 10);
  for (size_t row = 0; row < 10; ++row) spelled_out.column(3).append_text("clicks"), spelled_out.column(4).append(Uuid{1, 2}), spelled_out.end_row();
  EXPECT_TRUE(same_rows(folder.put("one", bytes_of({{&rows, &same}})), folder.put("other", bytes_of({{&spelled_out, nullptr}}))).value());
}

TEST(WriteFile, GivesTheErrorOfAppend) {
  const auto rows = rows_from(0, 10);
  const std::vector<Rows> parts{{&rows, nullptr}};
  const Status status = write_file(parts, {}, {}, [](std::string_view) -> Status { return transient("the disk is full", 28); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, 28);
  EXPECT_EQ(status.error().message, "the disk is full");
}

}  // namespace
}  // namespace millrace::parquet

#include "services/clickhouse_embedded/statement.h"

#include <gtest/gtest.h>

namespace millrace::clickhouse_embedded {
namespace {
using Kind = Statement::Kind;

TEST(StatementText, SplitsInsertAtItsFormat) {
  const auto s = parse_statement("INSERT INTO `d`.t (`format`, `a.b`) /* FORMAT x */ FORMAT Native");
  EXPECT_EQ(s.kind, Kind::kInsertData);
  EXPECT_EQ(s.text, "INSERT INTO `d`.t (`format`, `a.b`) /* FORMAT x */");
  EXPECT_EQ(s.format, "Native");
  EXPECT_EQ(s.data, "");
}

TEST(StatementText, KeepsInlineDataWithBlankLinesWhole) {
  const auto s = parse_statement("insert into t format CSV\n1,2\n\n3,4\n");
  EXPECT_EQ(s.format, "CSV");
  EXPECT_EQ(s.data, "1,2\n\n3,4\n");
}

TEST(StatementText, ValuesAreData) {
  const auto s = parse_statement("INSERT INTO t (a) SETTINGS x='VALUES' VALUES (1), (2)");
  EXPECT_EQ(s.kind, Kind::kInsertData);
  EXPECT_EQ(s.text, "INSERT INTO t (a) SETTINGS x='VALUES'");
  EXPECT_EQ(s.data, " (1), (2)");
}

TEST(StatementText, InsertSelectIsNoInsertOfData) {
  EXPECT_EQ(parse_statement("INSERT INTO t SELECT 1").kind, Kind::kOther);
  EXPECT_EQ(parse_statement("INSERT INTO t WITH 1 AS x SELECT x").kind, Kind::kOther);
  EXPECT_EQ(parse_statement("WITH 1 AS x INSERT INTO t SELECT x").kind, Kind::kOther);
}

TEST(StatementText, ReadsAreToldFromWrites) {
  EXPECT_EQ(parse_statement("-- hello\n (select 1) FORMAT JSON").kind, Kind::kRead);
  EXPECT_EQ(parse_statement("-- hello\n (select 1) FORMAT JSON").format, "JSON");
  EXPECT_EQ(parse_statement("EXISTS TABLE t").kind, Kind::kRead);
  EXPECT_EQ(parse_statement("DROP TABLE t").kind, Kind::kOther);
  EXPECT_EQ(parse_statement("").kind, Kind::kOther);
}

}  // namespace
}  // namespace millrace::clickhouse_embedded

#include "catalog_topic/table_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::catalog_topic {
namespace {

using testing::HasSubstr;

TableDefinition plans() {
  return {"id",
          {{"id", rules::simple(rules::TypeKind::kInt)},
           {"name", rules::simple(rules::TypeKind::kString)},
           {"price", rules::decimal(9, 2)},
           {"paid", rules::simple(rules::TypeKind::kBool)},
           {"big", rules::decimal(38, 4)}}};
}

std::vector<std::vector<std::string>> rows_of(std::string_view text, std::string* error = nullptr) {
  CsvReader reader(text);
  std::vector<std::vector<std::string>> out;
  std::vector<CsvField> row;
  while (reader.next(row)) {
    out.emplace_back();
    for (const CsvField& field : row) out.back().push_back(field.is_null() ? "NULL" : field.text);
  }
  if (error) *error = reader.error();
  return out;
}

TEST(Csv, IsReadAsRfc4180HasIt) {
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(rows_of("a,b\r\n1,2\r\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(rows_of("a,b\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(rows_of("\xEF\xBB\xBF"
                    "a\n\n\nb\n"),
            (Rows{{"a"}, {"b"}}));
  EXPECT_EQ(rows_of("\"a,\"\"b\"\"\nc\",,\"\"\n"), (Rows{{"a,\"b\"\nc", "NULL", ""}}));
  EXPECT_EQ(rows_of("a,\n"), (Rows{{"a", "NULL"}}));
  EXPECT_EQ(rows_of(""), Rows{});
  for (const char* broken : {"\"a", "a\"b", "\"a\"b,c"}) {
    std::string error;
    rows_of(broken, &error);
    EXPECT_NE(error, "") << broken;
  }
}

TEST(Csv, LineIsWhereTheRowBegins) {
  CsvReader reader("a\n\"x\ny\"\nz\n");
  std::vector<CsvField> row;
  for (const uint32_t line : {1u, 2u, 4u}) {
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(reader.line(), line);
  }
}

TEST(TableRows, AreWrittenInOneFormWhateverTheyLookedLike) {
  const auto rows =
      read_rows(plans(), "id,name,price,paid,big\n10,\"a\",+7,true,-0.5\n-3,\"\",1.50000,false,9999999999999999999999999999999999.9999\n9,,-0.05,,\n");
  ASSERT_TRUE(rows) << rows.error().message;
  const std::string text = "id,name,price,paid,big\n-3,\"\",1.50,false,9999999999999999999999999999999999.9999\n9,,-0.05,,\n10,a,7.00,true,-0.5000\n";
  EXPECT_EQ(rows_text(plans(), *rows), text);
  const auto again = read_rows(plans(), text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(rows_text(plans(), *again), text);
  EXPECT_TRUE(again->column(1).is_null(1));
  EXPECT_FALSE(again->column(1).is_null(0));
  EXPECT_EQ(again->column(2).child(0).value<int32_t>(0), 150);
}

TEST(TableRows, BrokenValueIsNamedWithItsLine) {
  const auto error = [](const std::string& row) { return read_rows(plans(), "id,name,price,paid,big\n" + row).error().message; };
  EXPECT_EQ(error("x,,,,"), "line 2: column id: 'x' is no int");
  EXPECT_EQ(error(",,,,"), "line 2: column id: a key can't be empty");
  EXPECT_EQ(error("9223372036854775808,,,,"), "line 2: column id: '9223372036854775808' is no int");
  EXPECT_EQ(error("1,,1.234,,"), "line 2: column price: '1.234' doesn't fit decimal(9,2)");
  EXPECT_EQ(error("1,,12345678,,"), "line 2: column price: '12345678' doesn't fit decimal(9,2)");
  for (const char* wrong : {".", "1.", "-", "1e3", "1,2", " 1", "1.2.3"})
    EXPECT_THAT(error("1,,\"" + std::string(wrong) + "\",,"), HasSubstr("is no decimal")) << wrong;
  EXPECT_EQ(error("1,,,yes,"), "line 2: column paid: 'yes' is no bool (true or false)");
  EXPECT_EQ(error("1,2"), "line 2: 2 fields for 5 columns");
  EXPECT_THAT(read_rows(plans(), "id\n1\n").error().message, HasSubstr("aren't those of the table"));
}

TEST(TableHash, IsOfDefinitionAndRows) {
  const std::string rows = "id,name,price,paid,big\n";
  const ContentHash hash = table_hash(plans(), rows);
  EXPECT_EQ(hash, table_hash(plans(), rows));
  EXPECT_NE(hash, table_hash(plans(), rows + "1,,,,\n"));
  auto other = plans();
  other.columns[2].type = rules::decimal(9, 3);
  EXPECT_NE(hash, table_hash(other, rows));
}

TEST(TableDefinition, TypesAreReadAsTheyAreWritten) {
  for (const char* type : {"int", "bool", "string", "decimal(10,2)", "decimal(38,38)"}) EXPECT_EQ(type_text(*parse_table_type(type)), type);
  EXPECT_EQ(type_text(*parse_table_type("decimal(10, 2)")), "decimal(10,2)");
  for (const char* wrong : {"", "double", "decimal", "decimal(0,0)", "decimal(39,1)", "decimal(2,3)", "decimal(5)", "decimal(5,2", "decimal(5,2)x"})
    EXPECT_FALSE(parse_table_type(wrong)) << wrong;
  const auto reference = reference_table("plans", plans());
  EXPECT_EQ(rules::to_string(reference.key), "int");
  EXPECT_EQ(rules::to_string(reference.row->find("price")->type), "nullable decimal(9, 2)");
  EXPECT_EQ(reference.row->find("price")->column, 2);
}

}  // namespace
}  // namespace millrace::catalog_topic

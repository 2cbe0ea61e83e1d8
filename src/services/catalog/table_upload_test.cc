#include "services/catalog/table_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

using catalog_topic::TableDefinition;
using testing::HasSubstr;

Decided<std::shared_ptr<const catalog_topic::TableSource>> made(std::string_view body, const TableOptions& options = {},
                                                                TableFormat format = TableFormat::kCsv) {
  const auto raw = read_raw_table(body, format, "plans");
  if (!raw) return std::unexpected(raw.error());
  return make_table(*raw, options, "plans");
}
std::string types(const TableDefinition& table) {
  std::string out;
  for (const auto& column : table.columns) out += (out.empty() ? "" : " ") + column.name + ":" + catalog_topic::type_text(column.type);
  return out;
}
std::string errors(const Decided<std::shared_ptr<const catalog_topic::TableSource>>& table) {
  if (table) return "none";
  return table.error().errors.empty() ? table.error().message : table.error().text;
}

TEST(TableUpload, TypesAreThoseThatAllValuesHave) {
  const auto table =
      made("id,n,price,flag,zip,empty,mixed,big,quoted\nb,1,1.5,true,01234,,1,99999999999999999999,\"7\"\na,-2,20.25,false,1,,x,1,\"8\"\nc,,3,,,,,,\n");
  ASSERT_TRUE(table) << errors(table);
  EXPECT_EQ(types((*table)->definition), "id:string n:int price:decimal(18,2) flag:bool zip:string empty:string mixed:string big:string quoted:int");
  EXPECT_EQ((*table)->definition.key, "id");
  EXPECT_EQ((*table)->rows, 3u);
  EXPECT_EQ(*(*table)->text,
            "id,n,price,flag,zip,empty,mixed,big,quoted\na,-2,20.25,false,1,,x,1,8\nb,1,1.50,true,01234,,1,99999999999999999999,7\nc,,3.00,,,,,,\n");
}

TEST(TableUpload, SameContentsHaveTheSameHashWhateverTheyCameAs) {
  const auto csv = made("id,price\nb,2.50\r\na,\n");
  const auto json = made(R"([{"id": "a"}, {"id": "b", "price": 2.5}])", {.key = {}, .types = {{"price", rules::decimal(18, 2)}}}, TableFormat::kJson);
  ASSERT_TRUE(csv && json) << errors(csv) << errors(json);
  EXPECT_EQ((*csv)->content_hash, (*json)->content_hash);
}

TEST(TableUpload, JsonTextsAreTextsAndItsNumbersStayExact) {
  const auto table =
      made(R"([{"id": "1", "price": 0.10, "n": 12345678901234567, "p": 12345678901234567.123456789, "flag": true, "note": null}])", {}, TableFormat::kJson);
  ASSERT_TRUE(table) << errors(table);
  EXPECT_EQ(types((*table)->definition), "id:string price:decimal(18,2) n:int p:decimal(26,9) flag:bool note:string");
  EXPECT_EQ(table_json((*table)->definition, *(*table)->text),
            R"([{"id":"1","price":0.10,"n":12345678901234567,"p":12345678901234567.123456789,"flag":true,"note":null}])"
            "\n");
}

TEST(TableUpload, TypesOfBeforeStayAsLongAsTheValuesFit) {
  const TableDefinition before{
      "id", {{"name", rules::simple(rules::TypeKind::kString)}, {"id", rules::simple(rules::TypeKind::kString)}, {"price", rules::decimal(30, 4)}}};
  TableOptions options;
  options.before = &before;
  auto table = made("price,id,name\n1.5,7,8\n", options);
  ASSERT_TRUE(table) << errors(table);
  EXPECT_EQ(types((*table)->definition), "price:decimal(30,4) id:string name:string");
  EXPECT_EQ((*table)->definition.key, "id");
  table = made("price,id,name\n1.55555,7,8\n", options);
  EXPECT_EQ(types((*table)->definition), "price:decimal(18,5) id:string name:string");
  options.types["price"] = rules::decimal(9, 5);
  EXPECT_EQ(types((*made("price,id,name\n1.55555,7,8\n", options))->definition), "price:decimal(9,5) id:string name:string");
}

TEST(TableUpload, AllThatIsWrongIsToldAtOnce) {
  TableOptions options;
  options.types = *read_types("n:int,price:decimal(4,2)");
  EXPECT_EQ(errors(made("id,n,price\na,x,1.00\nb,1\n,2,1\na,3,1.234\n", options)),
            "plans:2: n: 'x' is no int\n"
            "plans:3: 2 fields for 3 columns\n"
            "plans:4: id: a key can't be empty\n"
            "plans:5: price: '1.234' doesn't fit decimal(4,2)\n"
            "plans:5: the key 'a' is already in line 2\n");
  std::string many = "id,n\n";
  for (int i = 0; i < 30; ++i) many += "k" + std::to_string(i) + ",x\n";
  options.types = *read_types("n:int");
  const auto refused = made(many, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().errors.size(), 21u);
  EXPECT_EQ(refused.error().errors.back().message, "and 10 more errors");
}

TEST(TableUpload, HeadAndOptionsAreChecked) {
  EXPECT_EQ(errors(made("")), "plans: there are no columns: a table begins with a line of their names\n");
  EXPECT_EQ(errors(made("id,a b,id\n")),
            "plans:1: 'a b' is no name of a column: letters, digits and _ are, up to 64\nplans:1: the column 'id' is there twice\n");
  EXPECT_EQ(errors(made("plan_id,n\n", {.key = "plan_ie", .types = {{"m", rules::simple(rules::TypeKind::kInt)}}})),
            "plans:1: the key: there is no column 'plan_ie'; did you mean 'plan_id'?\nplans:1: the types: there is no column 'm'; did you mean 'n'?\n");
  EXPECT_EQ(errors(made("id\n1.5\n", {.key = {}, .types = {{"id", rules::decimal(4, 2)}}})),
            "plans:1: the key 'id' is an int or a string, and no decimal(4,2)\n");
  EXPECT_FALSE(read_types("a"));
  EXPECT_FALSE(read_types("a:double"));
  EXPECT_TRUE(made("id\n"));
}

TEST(TableUpload, BrokenJsonSaysWhere) {
  for (const auto& [body, why] : std::vector<std::pair<const char*, const char*>>{{"[", "no JSON, at byte"},
                                                                                  {"{}", "an array of objects is wanted"},
                                                                                  {"[1]", "an array of objects is wanted"},
                                                                                  {"[[]]", "an array of objects is wanted"},
                                                                                  {R"([{"a": 1}, {"a": {}}])", "row 2: a field holds"},
                                                                                  {R"([{"a": [1]}])", "row 1: a field holds"},
                                                                                  {R"([{"a": 1, "a": 2}])", "row 1 has 'a' twice"}})
    EXPECT_THAT(errors(made(body, {}, TableFormat::kJson)), HasSubstr(why)) << body;
  EXPECT_EQ(errors(made(R"([{"id": "a"}, {"id": "a"}])", {}, TableFormat::kJson)), "plans: row 2: the key 'a' is already in row 1\n");
  EXPECT_EQ(errors(made("id\n\xff\n")), "the table isn't UTF-8");
}

TEST(TableUpload, TooManyRowsAreRefused) {
  std::string body = "id\n";
  for (size_t i = 0; i < kTableRowsMax; ++i) body += std::to_string(i) + "\n";
  EXPECT_TRUE(made(body));
  EXPECT_EQ(errors(made(body + "x\n")), "plans:100002: more than 100000 rows\n");
}

}  // namespace
}  // namespace millrace::catalog

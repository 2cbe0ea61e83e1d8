// Cases of tests/cases: samples of the suites of Apache Avro, fastavro and Confluent's registry.
#include "avro/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "avro/column_mapping.h"
#include "avro/compatibility.h"
#include "avro/decode_promises.h"
#include "avro/encoder.h"

namespace millrace::avro {
namespace {

using nlohmann::json;

std::vector<json> cases(const std::string& file) {
  std::ifstream in(MILLRACE_SOURCE_DIR "/tests/cases/" + file);
  std::vector<json> all;
  for (std::string line; std::getline(in, line);) all.push_back(json::parse(line));
  EXPECT_GT(all.size(), 10u) << file;
  return all;
}
SchemaPtr parsed(const std::string& text) {
  auto schema = Schema::parse(text);
  EXPECT_TRUE(schema.has_value()) << (schema ? "" : schema.error().message) << ": " << text;
  return schema ? *schema : nullptr;
}
std::string error_of(const std::string& text) {
  const auto schema = Schema::parse(text);
  return schema ? "" : schema.error().message;
}

TEST(Schema, IsAcceptedOrRefusedAsTheSpecificationSays) {
  for (const json& test : cases("avro_schemas.jsonl")) {
    // Where Java and the source of the case differ it is about invalid logical types, which the specification says to ignore.
    const bool valid = test["valid"].get<bool>() || test.value("java_valid", false);
    const auto schema = Schema::parse(test["schema"].get<std::string>());
    EXPECT_EQ(schema.has_value(), valid) << test["schema"] << (schema ? "" : schema.error().message);
  }
}
TEST(Compatibility, OfTwoSchemasIsWhatOtherImplementationsSay) {
  for (const json& test : cases("avro_compat.jsonl")) {
    const auto reader = parsed(test["reader"].dump()), writer = parsed(test["writer"].dump());
    ASSERT_TRUE(reader && writer);
    EXPECT_EQ(incompatibilities(*reader, *writer).empty(), test["compatible"].get<bool>()) << test;
  }
}
TEST(Compatibility, AtALevelIsWhatConfluentsRegistrySays) {
  for (const json& test : cases("avro_level_compat.jsonl")) {
    std::vector<SchemaPtr> existing;
    for (const json& schema : test["existing"]) existing.push_back(parsed(schema.dump()));
    const auto level = level_from_name(test["level"].get<std::string>());
    ASSERT_TRUE(level);
    EXPECT_EQ(incompatibilities(*level, *parsed(test["new"].dump()), existing).empty(), test["compatible"].get<bool>()) << test;
  }
}
TEST(Schema, FingerprintsAreThoseOfApacheAvrosOwnTests) {  // share/test/data/schema-tests.txt
  EXPECT_EQ(parsed(R"("null")")->fingerprint(), 7195948357588979594u);
  EXPECT_EQ(parsed(R"({"type":"int"})")->fingerprint(), 8247732601305521295u);
  EXPECT_EQ(static_cast<int64_t>(parsed(R"("string")")->fingerprint()), -8142146995180207161);
}
TEST(Schema, CanonicalFormKeepsFullNamesAndDropsWhatDoesNotMatterForReading) {
  EXPECT_EQ(parsed(R"({"doc":"x","type":"record","namespace":"a","name":"R","aliases":["O"],"fields":[
      {"default":1,"type":{"type":"int","logicalType":"date"},"name":"f"},{"name":"next","type":["null","R"]},
      {"name":"x","type":{"type":"fixed","size":2,"name":"b.F"}}]})")
                ->canonical(),
            R"({"name":"a.R","type":"record","fields":[{"name":"f","type":"int"},{"name":"next","type":["null","a.R"]},)"
            R"({"name":"x","type":{"name":"b.F","type":"fixed","size":2}}]})");
}
TEST(Schema, ErrorSaysWhereAndWhat) {
  EXPECT_EQ(error_of(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":{"type":"array","items":"strin"}}]})"),
            "fields[1] \"b\".type.items: unknown type \"strin\": neither a type of Avro nor a name that was defined before this place");
  EXPECT_NE(
      error_of(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]})").find("fields[0] \"a\": default: \"x\" is no value of int"),
      std::string::npos);
  EXPECT_NE(error_of("{").find("is no JSON"), std::string::npos);
}
TEST(Schema, NamesFollowTheNamespaceAround) {
  const auto schema = parsed(R"({"type":"record","name":"x.Outer","aliases":["Old","y.Older"],"fields":[
      {"name":"a","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"b","type":"E"},{"name":"c","type":"x.E"}]})");
  const Node& root = schema->root();
  EXPECT_EQ(root.aliases, (std::vector<std::string>{"x.Old", "y.Older"}));
  EXPECT_EQ(root.fields[0].type->name, "x.E");
  EXPECT_EQ(root.fields[0].type, root.fields[1].type);
  EXPECT_EQ(root.fields[0].type, root.fields[2].type);
  EXPECT_EQ(root.short_name(), "Outer");
}
TEST(Schema, DefaultsAreAvroBinaryOfTheirType) {
  const auto schema = parsed(R"({"type":"record","name":"R","fields":[
      {"name":"u","type":["null","long"],"default":-65},
      {"name":"r","type":{"type":"record","name":"I","fields":[{"name":"s","type":"string","default":"hi"},{"name":"b","type":"bytes"}]},"default":{"b":"\u00ff\u0001"}},
      {"name":"m","type":{"type":"map","values":"boolean"},"default":{"k":true}}]})");
  using std::literals::string_literals::operator""s;
  EXPECT_EQ(schema->root().fields[0].default_binary, "\x02\x81\x01"s);
  EXPECT_EQ(schema->root().fields[1].default_binary, "\x04hi\x04\xff\x01"s);
  EXPECT_EQ(schema->root().fields[2].default_binary, "\x02\x02k\x01\x00"s);
}
TEST(Schema, DefaultThatNeverEndsIsRefused) {
  EXPECT_NE(error_of(R"({"type":"record","name":"R","fields":[{"name":"a","type":"R","default":{}}]})").find("never ends"), std::string::npos);
}
TEST(Schema, DeepNestingIsRefusedInsteadOfOverflowingTheStack) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"type":"array","items":)";
  EXPECT_NE(error_of(deep).find("200 brackets"), std::string::npos);
}
std::string numbered(const std::string& before, int count, auto&& each) {
  std::string text = before;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + each(std::to_string(i), std::to_string(i - 1));
  return text;
}
std::string record_of(const std::string& name, const std::string& fields) { return R"({"type":"record","name":")" + name + R"(","fields":[)" + fields + "]}"; }

TEST(Schema, ThatWouldTakeHoursOrGigabytesIsRefused) {
  // Twenty types, each twice in the next one, by default: 2^20 values for each of a thousand fields.
  std::string types = record_of("B0", R"({"name":"i","type":"int","default":0})");
  for (int i = 1; i <= 20; ++i)
    types = record_of("B" + std::to_string(i),
                      R"({"name":"l","type":)" + types + R"(,"default":{}},{"name":"r","type":"B)" + std::to_string(i - 1) + R"(","default":{}})");
  const std::string fields = numbered(R"({"name":"b","type":)" + types + "},", 1000,
                                      [](const auto& i, const auto&) { return R"({"name":"f)" + i + R"(","type":"B20","default":{}})"; });
  EXPECT_NE(error_of(record_of("R", fields)).find("too large together"), std::string::npos);
  // Looking up a key takes time in the number of keys.
  EXPECT_NE(error_of(numbered("{", 100'000, [](const auto& i, const auto&) { return "\"k" + i + "\":1"; }) + "}").find("more than 1000 keys"),
            std::string::npos);
  // A message about a place stays short, and so does the place.
  const std::string name(100'000, 'n');
  EXPECT_LT(error_of(record_of("R", R"({"name":")" + name + R"(","type":)" + record_of("S", R"({"name":"x","type":"y"})") + "}")).size(), 1000u);
}
TEST(Compatibility, OfSchemasThatNestTooDeeplyOrAreTooLargeIsRefusedInsteadOfOverflowing) {
  const auto reasons = incompatibilities(*parsed(fuzz::deep_record("r")), *parsed(fuzz::deep_record("w")));
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_NE(reasons[0].find("nested too deeply"), std::string::npos);
  // A million pairs of branches.
  auto fixed = [&](const char* prefix) {
    return parsed(numbered("[", 1000, [&](const auto& i, const auto&) { return R"({"type":"fixed","size":1,"name":")" + (prefix + i) + "\"}"; }) + "]");
  };
  EXPECT_FALSE(incompatibilities(*fixed("a"), *fixed("b")).empty());
  // A type that is wrong, and is used 2^30 times.
  auto doubled = [&](const std::string& type) {
    std::string types = record_of("D0", R"({"name":"i","type":)" + type + "}");
    for (int i = 1; i <= 30; ++i)
      types = record_of("D" + std::to_string(i), R"({"name":"l","type":)" + types + R"(},{"name":"r","type":"D)" + std::to_string(i - 1) + R"("})");
    return parsed(types);
  };
  EXPECT_EQ(incompatibilities(*doubled("\"int\""), *doubled("\"string\"")).size(), 100u);
}
TEST(Schema, LogicalTypeThatIsInvalidIsIgnored) {
  EXPECT_EQ(parsed(R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":5})")->root().logical, Logical::kNone);
  EXPECT_EQ(parsed(R"({"type":"fixed","name":"F","size":2,"logicalType":"decimal","precision":5})")->root().logical, Logical::kNone);
  const auto good = parsed(R"({"type":"fixed","name":"F","size":2,"logicalType":"decimal","precision":4,"scale":2})");
  EXPECT_EQ(good->root().logical, Logical::kDecimal);
  EXPECT_EQ(good->root().scale, 2);
}
TEST(Encoder, WritesTheExamplesOfTheSpecification) {
  std::string out;
  Encoder to(out);
  to.long_(0), to.long_(-1), to.long_(1), to.long_(-64), to.long_(64), to.string("foo"), to.decimal_bytes(-1), to.decimal_bytes(128);
  using std::literals::string_literals::operator""s;
  EXPECT_EQ(out,
            "\x00\x01\x02\x7f\x80\x01\x06"
            "foo\x02\xff\x04\x00\x80"s);
  out.clear(), to.long_(INT64_MIN);
  EXPECT_EQ(out, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST(ColumnMapping, TellsBytesFromText) {
  const auto schema = parsed(R"({"type":"record","name":"R","fields":[{"name":"s","type":"string"},{"name":"b","type":["null","bytes"]},
      {"name":"i","type":{"type":"record","name":"I","fields":[{"name":"l","type":{"type":"array","items":["null","bytes"]}},{"name":"m","type":{"type":"map","values":"string"}}]}},
      {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},{"name":"f","type":{"type":"fixed","name":"F","size":4}},
      {"name":"g","type":{"type":"fixed","name":"G","size":400}},{"name":"j","type":["bytes","string"]}]})");
  EXPECT_EQ(bytes_columns(*schema), (std::vector<std::string>{"b", "i.l", "g"}));
}

}  // namespace
}  // namespace millrace::avro

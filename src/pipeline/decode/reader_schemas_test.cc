#include "pipeline/decode/reader_schemas.h"

#include <gtest/gtest.h>

#include "pipeline/decode/registry_testing.h"

namespace millrace::pipeline {
namespace {

TEST(ReaderSchemas, OlderOnesAreKnownToWhoStartsWithNewerSchemas) {
  const SubjectVersion old{1, SchemaId(1), testing::kOrder}, wider{2, SchemaId(3), testing::kOrderWithTag},
      other{1, SchemaId(2), R"({"type":"record","name":"X","fields":[{"name":"a","type":"int"}]})"};
  const auto before = reader_schemas_of({"order.created", "x"}, {{old}, {other}});
  const auto after = reader_schemas_of({"x", "order.created"}, {{other}, {old, wider}});
  ASSERT_TRUE(before && after);
  ASSERT_EQ(before->size(), 1u);
  ASSERT_EQ(after->size(), 2u);
  EXPECT_EQ(before->back()->hash(), after->front()->hash());
  EXPECT_NE(after->front()->hash(), after->back()->hash());
  EXPECT_EQ(after->back()->find("order.created")->columns.size(), 3u);
}

}  // namespace
}  // namespace millrace::pipeline

// The table that `millrace tables` makes, on the real engine.
#include "tables/existing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/clickhouse_fixture.h"

namespace millrace::test {
namespace {
using columns::Kind;
using testing::HasSubstr;
using testing::IsEmpty;

class Tables : public testing::Test {
 protected:
  Tables() : client({.url = server.url(), .password = {}}) {
    using namespace columns;
    wanted.events = {{"order_id", simple(Kind::kUuid)},
                     {"tenant_id", low_cardinality(simple(Kind::kString))},
                     {"total", decimal(18, 2)},
                     {"tags", array(simple(Kind::kString))},
                     {"attributes", map(simple(Kind::kString), simple(Kind::kString))},
                     {"address.city", nullable(simple(Kind::kString))},
                     {"event_time", date_time64(6)}};
  }
  ClickhouseFixture server;
  clickhouse::Client client;
  tables::TableDefinition wanted{"default", "order_created", {}, false, 90};
};

TEST_F(Tables, AppliedOnceThereIsNothingMoreToDo) {
  auto first = tables::plan(client, wanted);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->statements.size(), 1u);
  const auto applied = tables::apply(client, *first);
  ASSERT_TRUE(applied) << applied.error().message << "\n" << first->statements[0];
  const auto again = tables::plan(client, wanted);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->statements, IsEmpty());
  EXPECT_THAT(again->refusals, IsEmpty());
  EXPECT_THAT(again->notes, IsEmpty());
}

TEST_F(Tables, ANewFieldIsAdded) {
  ASSERT_TRUE(tables::apply(client, *tables::plan(client, wanted)));
  wanted.events.insert(wanted.events.begin() + 2, {"channel", columns::low_cardinality(columns::simple(Kind::kString))});
  const auto more = tables::plan(client, wanted);
  ASSERT_EQ(more->statements.size(), 1u);
  ASSERT_TRUE(tables::apply(client, *more));
  EXPECT_THAT(tables::plan(client, wanted)->statements, IsEmpty());
}

TEST_F(Tables, AForeignTableIsRefused) {
  ASSERT_TRUE(client.execute("CREATE TABLE order_created (order_id UUID) ENGINE = ReplacingMergeTree ORDER BY order_id"));
  const auto plan = tables::plan(client, wanted);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->refusals, testing::Contains(HasSubstr("ReplacingMergeTree")));
  EXPECT_FALSE(tables::apply(client, *plan));
}

}  // namespace
}  // namespace millrace::test

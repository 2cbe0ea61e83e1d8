#include "pipeline/transform/event_time.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

using columns::Column;

std::optional<int64_t> read(uint32_t precision, int64_t ticks) {
  Column column(columns::date_time64(precision));
  column.append(ticks);
  return event_time_ms_of(column, 0);
}

TEST(EventTime, IsRoundedDownToMillisecondsWhateverTheColumnsPrecision) {
  EXPECT_EQ(read(0, 17), 17'000);
  EXPECT_EQ(read(3, 1'795'564'800'123), 1'795'564'800'123);
  EXPECT_EQ(read(6, 1'999), 1);
  EXPECT_EQ(read(6, -1), -1);
  EXPECT_EQ(read(6, -1'000), -1);
  EXPECT_EQ(read(9, -1'000'001), -2);
}

TEST(EventTime, NullHasNone) {
  Column column(columns::nullable(columns::date_time64(3)));
  column.append_null();
  column.append_not_null();
  column.child(0).append(int64_t{5});
  EXPECT_EQ(event_time_ms_of(column, 0), std::nullopt);
  EXPECT_EQ(event_time_ms_of(column, 1), 5);
}

TEST(EventTime, OnlyTimesHaveOne) {
  EXPECT_TRUE(has_event_time(columns::date_time()));
  EXPECT_TRUE(has_event_time(columns::nullable(columns::date_time64(6))));
  EXPECT_FALSE(has_event_time(columns::simple(columns::Kind::kInt64)));
}

}  // namespace
}  // namespace millrace::pipeline

#include "pipeline/decode/range_checksum.h"

#include <gtest/gtest.h>

namespace millrace::pipeline {
namespace {

TEST(RangeChecksum, ChangesWithEveryPartOfARecordAndWithTheirOrder) {
  const auto sum = [](std::initializer_list<std::tuple<int64_t, const char*, const char*>> records) {
    uint64_t checksum = 0;
    for (const auto& [offset, key, value] : records) {
      Record record;
      record.offset = Offset(offset);
      if (key) record.key = key;
      record.value = value;
      checksum = range_checksum(checksum, record);
    }
    return checksum;
  };
  const auto is = sum({{1, "k", "v"}, {2, "k", "w"}});
  EXPECT_EQ(is, sum({{1, "k", "v"}, {2, "k", "w"}}));
  EXPECT_NE(is, sum({{1, "k", "v"}, {3, "k", "w"}}));
  EXPECT_NE(is, sum({{1, "k", "v"}, {2, "l", "w"}}));
  EXPECT_NE(is, sum({{1, "k", "v"}, {2, "kw", ""}}));
  EXPECT_NE(is, sum({{1, "k", "w"}, {2, "k", "v"}}));
  EXPECT_NE(sum({{1, nullptr, "v"}}), sum({{1, "", "v"}}));
}

}  // namespace
}  // namespace millrace::pipeline

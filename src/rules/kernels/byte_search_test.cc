#include "rules/kernels/byte_search.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::rules {
namespace {

// Sizes around the steps of sixteen bytes, each text in memory of just its size, so that a sanitizer sees a byte too many.
TEST(ByteSearch, FindsTheFirstOfThem) {
  for (size_t size = 0; size <= 50; ++size) {
    EXPECT_EQ((find_any<'?', '#'>(std::string(size, '/'))), size);
    for (size_t first = 0; first < size; ++first) {
      std::string text(size, '/');
      text[first] = '#';
      EXPECT_EQ((find_any<'?', '#'>(text)), first) << size;
      for (size_t second = first + 1; second < size; ++second) text[second] = '?';
      EXPECT_EQ((find_any<'?', '#'>(text)), first) << size;
    }
  }
}

}  // namespace
}  // namespace millrace::rules

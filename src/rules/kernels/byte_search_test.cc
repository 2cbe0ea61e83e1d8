#include "rules/kernels/byte_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace millrace::rules {
namespace {

// Sizes around the steps of sixteen bytes, each text in memory of just its size, so that a sanitizer sees a byte too many.
TEST(ByteSearch, FindsTheFirstOfThem) {
  for (size_t size = 0; size <= 50; ++size) {
    const auto text = std::make_unique<char[]>(size);
    const auto found = [&] { return find_any<'?', '#'>({text.get(), size}); };
    std::fill_n(text.get(), size, '/');
    EXPECT_EQ(found(), size);
    for (size_t first = size; first-- > 0;) {  // all behind it are others that are looked for
      text[first] = '#';
      EXPECT_EQ(found(), first) << size;
      text[first] = '?';
      EXPECT_EQ(found(), first) << size;
    }
  }
}

}  // namespace
}  // namespace millrace::rules

#include "base/short_text.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>

namespace millrace {
namespace {

// Every size around the borders of what is done differently, each in memory of just its size, so that a sanitizer sees a byte too many.
TEST(ShortText, IsToldFromEachThatDiffersInOneByte) {
  for (size_t size = 0; size <= 40; ++size) {
    const std::string text(size, 'x');
    EXPECT_TRUE(same_text(text, std::string(size, 'x'))) << size;
    EXPECT_FALSE(same_text(text, text + "x")) << size;
    for (size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_FALSE(same_text(text, other)) << size << " at " << at;
      EXPECT_NE(hash_text(text), hash_text(other)) << size << " at " << at;
    }
  }
}

TEST(ShortText, IsCopiedWholeAndNothingElse) {
  std::string source;
  for (int i = 0; i < 80; ++i) source += static_cast<char>('0' + i);
  for (size_t size = 0; size <= source.size(); ++size) {
    const std::string from = source.substr(0, size);
    std::string to(size + 2, '.');
    copy_text(to.data() + 1, from.data(), size);
    EXPECT_EQ(to, "." + from + ".") << size;
  }
}

TEST(ShortText, HashesOfNumberedNamesSpreadOverAHalfFullTable) {
  constexpr size_t kNames = 1 << 15;
  std::set<uint64_t> whole;
  std::vector<int> slots(2 * kNames);
  for (size_t i = 0; i < kNames; ++i) {
    const uint64_t hash = hash_text("tenant-" + std::to_string(i));
    whole.insert(hash), ++slots[hash % slots.size()];
  }
  EXPECT_EQ(whole.size(), kNames);
  EXPECT_LT(*std::ranges::max_element(slots), 12);  // of independent ones, 12 in one slot come once in 10^8 tries
}

}  // namespace
}  // namespace millrace

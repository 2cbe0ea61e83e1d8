#include "base/short_text.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace millrace {
namespace {

// A text in memory of just its size, so that a sanitizer sees a byte too many.
class Exact {
 public:
  explicit Exact(std::string_view text) : size_(text.size()), bytes_(std::make_unique<char[]>(size_)) { std::ranges::copy(text, bytes_.get()); }
  std::string_view view() const { return {bytes_.get(), size_}; }
  char* data() { return bytes_.get(); }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

// Every size around the borders of what is done differently.
TEST(ShortText, IsToldFromEachThatDiffersInOneByte) {
  for (size_t size = 0; size <= 70; ++size) {
    const Exact text(std::string(size, 'x'));
    EXPECT_TRUE(same_text(text.view(), Exact(text.view()).view())) << size;
    EXPECT_FALSE(same_text(text.view(), Exact(std::string(size + 1, 'x')).view())) << size;
    for (size_t at = 0; at < size; ++at) {
      Exact other(text.view());
      other.data()[at] = 'y';
      EXPECT_FALSE(same_text(text.view(), other.view())) << size << " at " << at;
      EXPECT_NE(hash_text(text.view()), hash_text(other.view())) << size << " at " << at;
    }
  }
}

TEST(ShortText, IsCopiedWholeAndNothingElse) {
  std::string source;
  for (int i = 0; i < 80; ++i) source += static_cast<char>('0' + i);
  for (size_t size = 0; size <= source.size(); ++size) {
    const Exact from(source.substr(0, size));
    Exact to(std::string(size, '.'));
    copy_text(to.data(), from.view().data(), size);
    EXPECT_EQ(to.view(), from.view()) << size;
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

// Whoever knows the code but not the seed can't make a part of a text cancel what stands before it.
TEST(ShortText, NoPartCancelsWhatStandsBeforeIt) {
  const uint64_t constant = 0x9e3779b97f4a7c15;
  std::set<uint64_t> hashes;
  for (int i = 10'000'000; i < 10'001'000; ++i) {
    std::string text = std::to_string(i) + std::string(8, '\0') + "12345678";
    std::memcpy(text.data() + 8, &constant, sizeof constant);
    hashes.insert(hash_text(text));
  }
  EXPECT_EQ(hashes.size(), 1000U);
}

}  // namespace
}  // namespace millrace

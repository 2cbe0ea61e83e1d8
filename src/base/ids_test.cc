#include "base/ids.h"

#include <gtest/gtest.h>

namespace millrace {

TEST(Uuid, TextFormRoundTrips) {
  Uuid id;
  const std::string text = "01890a5d-ac96-774b-bcce-b302099a8057";  // RFC 9562 appendix style
  ASSERT_TRUE(parse_uuid(text.data(), text.size(), id));
  EXPECT_EQ(to_string(id), text);
}

TEST(Uuid, RefusesWrongShape) {
  Uuid id;
  EXPECT_FALSE(parse_uuid("01890a5d", 8, id));
  const std::string right = "01890a5d-ac96-774b-bcce-b302099a8057";
  for (size_t at = 0; at < right.size(); ++at)
    for (const char wrong : {'x', 'g', '/', ':', '@', 'G', '`', '\0', '\xff'}) {
      std::string text = right;
      text[at] = wrong;
      EXPECT_FALSE(parse_uuid(text.data(), text.size(), id)) << at << " " << wrong;
    }
  const std::string large = "01890A5D-AC96-774B-BCCE-B302099A8057";
  ASSERT_TRUE(parse_uuid(large.data(), large.size(), id));
  EXPECT_EQ(to_string(id), right);
}

TEST(UuidV7, SortsByTimeAndCarriesVersionAndVariant) {
  const Uuid a = make_uuid_v7(1000, ~0ULL, ~0ULL), b = make_uuid_v7(1001, 0, 0);
  EXPECT_LT(a, b);
  EXPECT_EQ(to_string(b)[14], '7');
  EXPECT_EQ(to_string(b)[19], '8');
}

}  // namespace millrace

#include "clients/kafka/record_reader.h"

#include <gmock/gmock.h>

#include <limits>
#include <optional>
#include <random>

namespace millrace::kafka {
namespace {

void put_varint(std::string& out, int64_t value) {
  auto bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(bits | 0x80);
  out += static_cast<char>(bits);
}

void put_bytes(std::string& out, const std::optional<std::string>& bytes) {
  put_varint(out, bytes ? static_cast<int64_t>(bytes->size()) : -1);
  if (bytes) out += *bytes;
}

struct Written {
  int64_t timestamp_delta, offset_delta;
  std::optional<std::string> key, value;
  std::vector<Header> headers = {};
};

std::string record(const Written& r) {
  std::string body(1, '\0');
  put_varint(body, r.timestamp_delta);
  put_varint(body, r.offset_delta);
  put_bytes(body, r.key);
  put_bytes(body, r.value);
  put_varint(body, static_cast<int64_t>(r.headers.size()));
  for (const Header& header : r.headers) {
    put_bytes(body, header.name);
    put_bytes(body, header.null_value ? std::nullopt : std::optional(header.value));
  }
  std::string out;
  put_bytes(out, body);
  return out;
}

TEST(RecordReader, ReadsWhatWasWritten) {
  const std::vector<Written> all{{0, 0, "key", "value"},
                                 {-5, 1, std::nullopt, std::string(300, 'x')},
                                 {std::numeric_limits<int64_t>::min(), 7, "", std::nullopt, {{"a", "1"}, {"none", "", true}, {"", ""}}},
                                 {std::numeric_limits<int64_t>::max(), 1 << 30, std::string("\0\xff", 2), ""}};
  std::string bytes;
  for (const Written& each : all) bytes += record(each);
  RecordReader reader(bytes);
  RecordFields fields;
  for (const Written& each : all) {
    ASSERT_TRUE(reader.next(fields));
    EXPECT_EQ(fields.timestamp_delta, each.timestamp_delta);
    EXPECT_EQ(fields.offset_delta, each.offset_delta);
    EXPECT_EQ(fields.key.data() == nullptr, !each.key);
    EXPECT_EQ(fields.key, each.key.value_or(""));
    EXPECT_EQ(fields.null_value, !each.value);
    EXPECT_EQ(fields.value, each.value.value_or(""));
    const auto headers = read_headers(fields.headers);
    ASSERT_EQ(headers.size(), each.headers.size());
    for (size_t i = 0; i < headers.size(); ++i) {
      EXPECT_EQ(headers[i].name, each.headers[i].name);
      EXPECT_EQ(headers[i].value, each.headers[i].value);
      EXPECT_EQ(headers[i].null_value, each.headers[i].null_value);
    }
  }
  EXPECT_FALSE(reader.next(fields));
  EXPECT_FALSE(reader.malformed());
}

TEST(RecordReader, EverythingCutShortIsMalformedAndSoIsEveryLengthBeyondTheEnd) {
  const std::string whole = record({3, 4, "key", "value", {{"a", "1"}}});
  RecordFields fields;
  for (size_t size = 1; size < whole.size(); ++size) {
    const std::string cut(whole.data(), size);  // an allocation of its own: ASan sees a byte read behind it
    RecordReader reader(cut);
    EXPECT_FALSE(reader.next(fields)) << size;
    EXPECT_TRUE(reader.malformed()) << size;
    EXPECT_FALSE(reader.next(fields)) << size;
  }
  for (const int64_t length : {int64_t{-2}, int64_t{1} << 31, std::numeric_limits<int64_t>::max()}) {
    std::string bytes;
    put_varint(bytes, length);
    bytes += whole.substr(1);
    RecordReader reader(bytes);
    EXPECT_FALSE(reader.next(fields));
    EXPECT_TRUE(reader.malformed());
  }
  RecordReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12));
  EXPECT_FALSE(endless.next(fields));
  EXPECT_TRUE(endless.malformed());
}

TEST(RecordReader, BytesOfAnyKindAreReadWithinTheirBounds) {
  std::mt19937_64 chance(1);
  const std::string whole = record({3, 4, "key", "value", {{"a", "1"}, {"b", std::string(100, 'y')}}}) + record({5, 6, "k", "v"});
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes = whole;
    for (auto left = 1 + chance() % 4; left > 0; --left) bytes[chance() % bytes.size()] = static_cast<char>(chance());
    const auto inside = [&](std::string_view part) {
      return part.data() == nullptr || (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size());
    };
    RecordReader reader(bytes);
    for (RecordFields fields; reader.next(fields);) {
      ASSERT_TRUE(inside(fields.key) && inside(fields.value) && inside(fields.headers)) << i;
      (void)read_headers(fields.headers);
    }
  }
}

}  // namespace
}  // namespace millrace::kafka

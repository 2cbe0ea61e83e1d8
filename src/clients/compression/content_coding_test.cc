#include "clients/compression/content_coding.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace millrace::compression {
namespace {

constexpr std::array kCodings{ContentCoding::kNone, ContentCoding::kLz4, ContentCoding::kZstd, ContentCoding::kGzip, ContentCoding::kDeflate};

std::string rows(size_t bytes) {
  std::mt19937_64 random(7);
  std::string text;
  while (text.size() < bytes) text += "tenant-" + std::to_string(random() % 50) + ";" + std::to_string(random()) + "\n";
  return text;
}

std::string encoded(ContentCoding coding, std::string_view text) {
  Encoder encoder(coding);
  std::string out;
  for (size_t at = 0; at < text.size(); at += 700'000) encoder.append(text.substr(at, 700'000), out);
  encoder.finish(out);
  return out;
}

struct Decoded {
  std::string text;
  bool damaged = false, whole = false;
};
Decoded decoded(ContentCoding coding, std::string_view bytes, size_t at_a_time) {
  Decoder decoder(coding);
  Decoded all;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), at_a_time))) {
    decoder.feed(bytes.substr(0, at_a_time));
    std::string_view piece;
    Decoder::Step step;
    while ((step = decoder.next(piece)) == Decoder::Step::kPiece) all.text.append(piece);
    if (step == Decoder::Step::kDamaged) return all.damaged = true, all;
  }
  all.whole = decoder.whole();
  return all;
}

TEST(ContentCoding, WhatIsEncodedComesBackHoweverItIsCut) {
  const std::string text = rows(800'000);
  for (const ContentCoding coding : kCodings)
    for (const size_t at_a_time : {size_t{7}, size_t{4096}, text.size()}) {
      const Decoded back = decoded(coding, encoded(coding, text), at_a_time);
      EXPECT_TRUE(back.text == text && back.whole && !back.damaged) << name(coding) << " " << at_a_time;
    }
}

TEST(ContentCoding, AStreamCutShortIsNotWhole) {
  const std::string text = rows(300'000);
  for (const ContentCoding coding : kCodings) {
    if (coding == ContentCoding::kNone) continue;  // it has no end of its own
    const std::string bytes = encoded(coding, text);
    for (const size_t size : {size_t{1}, bytes.size() / 2, bytes.size() - 1})
      EXPECT_FALSE(decoded(coding, std::string_view(bytes).substr(0, size), 4096).whole) << name(coding) << " " << size;
  }
}

TEST(ContentCoding, OneDamagedByteIsNoticed) {
  const std::string text = rows(300'000);
  for (const ContentCoding coding : kCodings) {
    if (coding == ContentCoding::kNone) continue;
    std::string bytes = encoded(coding, text);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
    const Decoded back = decoded(coding, bytes, 4096);
    EXPECT_TRUE(back.damaged || !back.whole) << name(coding);
  }
}

TEST(ContentCoding, StreamsOneAfterTheOtherAreOne) {
  for (const ContentCoding coding : kCodings) {
    Encoder encoder(coding);
    std::string bytes;
    for (const char* part : {"one ", "two"}) encoder.append(part, bytes), encoder.finish(bytes);
    const Decoded back = decoded(coding, bytes, 3);
    EXPECT_TRUE(back.text == "one two" && back.whole) << name(coding) << " '" << back.text << "'";
  }
}

TEST(ContentCoding, WhatIsFlushedCanBeRead) {
  for (const ContentCoding coding : kCodings) {
    Encoder encoder(coding);
    std::string bytes;
    encoder.append("half", bytes);
    encoder.flush(bytes);
    EXPECT_EQ(decoded(coding, bytes, 100).text, "half") << name(coding);
  }
}

TEST(ContentCoding, NothingIsAWholeStream) {
  for (const ContentCoding coding : kCodings) {
    const Decoded back = decoded(coding, encoded(coding, ""), 100);
    EXPECT_TRUE(back.text.empty() && back.whole && !back.damaged) << name(coding);
  }
}

TEST(ContentCoding, IsChosenFromWhatTheOtherSideTakes) {
  EXPECT_EQ(choose_content_coding("gzip, deflate, lz4;q=0.5"), ContentCoding::kLz4);
  EXPECT_EQ(choose_content_coding("lz4,zstd,br,gzip,deflate"), ContentCoding::kZstd);
  EXPECT_EQ(choose_content_coding("zstd;q=0, gzip"), ContentCoding::kGzip);
  EXPECT_EQ(choose_content_coding("br"), ContentCoding::kNone);
  EXPECT_EQ(choose_content_coding(""), ContentCoding::kNone);
}

TEST(ContentCoding, HasItsNameOfHttp) {
  for (const ContentCoding coding : kCodings) EXPECT_EQ(parse_content_coding(name(coding)), coding);
  EXPECT_EQ(parse_content_coding("br"), std::nullopt);
}

}  // namespace
}  // namespace millrace::compression

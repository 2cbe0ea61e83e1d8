// Seeded mutations of valid payloads: a short form of decode_fuzz.cc that needs no clang and always does the same.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "avro/decode_promises.h"
#include "avro/encoder.h"

namespace millrace::avro {
namespace {

struct Sample {
  DecodeProgram program;
  std::string payload;
};

std::vector<Sample> samples() {
  std::vector<Sample> all;
  auto add = [&](const std::string& writer, const std::string& reader, MappingOptions::Form form, std::string payload) {
    MappingOptions options;
    options.form = form;
    if (auto program = DecodeProgram::compile(*testing::parse(writer), *testing::parse(reader), options))
      all.push_back({*std::move(program), std::move(payload)});
  };
  std::ifstream cases(MILLRACE_SOURCE_DIR "/tests/cases/avro_resolution.jsonl");
  for (std::string line; std::getline(cases, line);) {
    const auto test = nlohmann::json::parse(line);
    const auto hex = test["hex"].get<std::string>();
    std::string payload;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) payload += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    for (const auto form : {MappingOptions::Form::kColumns, MappingOptions::Form::kJson}) add(test["writer"].dump(), test["reader"].dump(), form, payload);
  }
  for (const auto& [writer, reader] : fuzz::schema_pairs())
    for (const auto form : {MappingOptions::Form::kColumns, MappingOptions::Form::kJson}) add(writer, reader, form, std::string(60, '\2'));
  for (uint32_t i = 0; i < 40; ++i) add(testing::kPageView, testing::kPageView, MappingOptions::Form::kColumns, testing::page_view(i));
  return all;
}

std::string mutated(std::string bytes, std::mt19937_64& random) {
  constexpr int64_t kNumbers[] = {INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, -1, 1, 1'000'000'000, 64, -64};
  for (uint64_t times = 1 + random() % 3; times > 0; --times) {
    const size_t at = random() % (bytes.size() + 1);
    switch (random() % 6) {
      case 0: bytes.resize(at); break;
      case 1: bytes.insert(at, 1, static_cast<char>(random())); break;
      case 2: bytes.erase(at, 1 + random() % 4); break;
      case 3:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 4:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      default: {
        std::string number;
        Encoder(number).long_(kNumbers[random() % std::size(kNumbers)]);
        bytes.replace(at, 1 + random() % 2, number);
      }
    }
  }
  return bytes;
}

TEST(Hostile, TwentyThousandMutationsAreDecodedOrRefusedAndUndone) {
  std::mt19937_64 random(20260101);
  int refused = 0, decoded = 0;
  auto all = samples();
  ASSERT_GT(all.size(), 200u);
  for (int round = 0; refused + decoded < 20'000; ++round) {
    for (const Sample& sample : all) {
      columns::Block block(sample.program.columns());
      for (int i = 0; i < 5; ++i) {
        // Memory of its own, of exactly its size: the address sanitizer sees a byte read behind it.
        const std::string text = mutated(sample.payload, random);
        const std::vector<char> payload(text.begin(), text.end());
        const size_t rows = block.rows();
        ASSERT_EQ(fuzz::broken_promise(sample.program, block, {payload.data(), payload.size()}, 0), "") << "round " << round;
        ++(block.rows() > rows ? decoded : refused);
      }
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(decoded, 1000);
}

}  // namespace
}  // namespace millrace::avro

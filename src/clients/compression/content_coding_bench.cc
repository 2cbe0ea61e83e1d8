// What a row of an insert's body costs to encode and to decode: columns as a Native block has them, one after the other.
// `compression_bench --benchmark_min_time=1`
#include <benchmark/benchmark.h>

#include <random>

#include "clients/compression/content_coding.h"

namespace millrace::compression {
namespace {

constexpr int64_t kRows = 50'000;

// Plan and deadline the same in all rows, offset and time that grow, a tenant of few, a text with a number in it, a number.
const std::string& block() {
  static const std::string bytes = [] {
    std::mt19937_64 random(1);
    const auto number = [](std::string& out, auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    std::string all;
    for (int64_t i = 0; i < kRows; ++i) number(all, uint64_t{0x0190a5b31c007abc}), number(all, uint64_t{0x8def0123456789ab});
    for (int64_t i = 0; i < kRows; ++i) number(all, i + 1'000'000);
    for (int64_t i = 0; i < kRows; ++i) number(all, int64_t{1'790'000'000'000} + i * 3 + static_cast<int64_t>(random() % 3));
    for (int64_t i = 0; i < kRows; ++i) number(all, static_cast<uint8_t>(random() % 50));
    for (int64_t i = 0; i < kRows; ++i) {
      const std::string text = "https://shop.example/p/" + std::to_string(random());
      all += static_cast<char>(text.size());
      all += text;
    }
    for (int64_t i = 0; i < kRows; ++i) number(all, static_cast<int64_t>(random() % 100'000));
    for (int64_t i = 0; i < kRows; ++i) number(all, uint32_t{1'790'000'010});
    return all;
  }();
  return bytes;
}

void count(benchmark::State& state, ContentCoding coding, size_t bytes) {
  state.SetLabel(name(coding));
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / kRows;
  state.counters["cpu_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kRows), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_Encode(benchmark::State& state) {
  const auto coding = static_cast<ContentCoding>(state.range(0));
  Encoder encoder(coding);
  std::string out;
  for (auto _ : state) {
    out.clear();
    encoder.append(block(), out), encoder.finish(out);
    benchmark::DoNotOptimize(out.data());
  }
  count(state, coding, out.size());
}
BENCHMARK(BM_Encode)->DenseRange(static_cast<int>(ContentCoding::kNone), static_cast<int>(ContentCoding::kZstd));

void BM_Decode(benchmark::State& state) {
  const auto coding = static_cast<ContentCoding>(state.range(0));
  Encoder encoder(coding);
  std::string encoded;
  encoder.append(block(), encoded), encoder.finish(encoded);
  Decoder decoder(coding);
  for (auto _ : state) {
    std::string_view piece;
    decoder.feed(encoded);
    while (decoder.next(piece) == Decoder::Step::kPiece) benchmark::DoNotOptimize(piece.data());
  }
  count(state, coding, encoded.size());
}
BENCHMARK(BM_Decode)->DenseRange(static_cast<int>(ContentCoding::kLz4), static_cast<int>(ContentCoding::kZstd));

}  // namespace
}  // namespace millrace::compression
